# Sourced by the end-to-end tests: counts cases, makes a scratch folder outside the source tree, installs cnasc into it.
# A case is a call of `ok NAME COMMAND...` or `no NAME STATUS TEXT COMMAND...`.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
good=0 bad=0
# The generated programs are built as cnasc was: its compiler, and its sanitizers if it has any.
of() { sed -n "s/^$1 = //p" "$top_builddir/Makefile"; }
sanitizers=$(of CFLAGS | tr ' ' '\n' | grep fsanitize | tr '\n' ' ')
CC=$(of CC) CFLAGS="-O2 -Wall -Wextra -Werror $sanitizers" LDFLAGS=$sanitizers
export CC CFLAGS LDFLAGS
here=$top_srcdir/tests/e2e
tmp=$(mktemp -d)
children=
finish() {
    for c in $children; do kill "$c" 2>/dev/null || :; done
    rm -rf "$tmp"
    printf 'CASES: %d passed, %d failed\n' "$good" "$bad"
}
trap 'finish' EXIT
trap 'exit 1' INT TERM

pass() {
    good=$((good + 1))
    printf 'ok   %s\n' "$1"
}
fail() {
    bad=$((bad + 1))
    printf 'FAIL %s\n' "$1"
    sed 's/^/     /' "$tmp/log" | tail -n 20
}

# ok NAME COMMAND...: exits 0
ok() {
    name=$1
    shift
    if timeout 300 "$@" >"$tmp/log" 2>&1; then pass "$name"; else echo "(exit $?)" >>"$tmp/log"; fail "$name"; fi
}

# no NAME STATUS TEXT COMMAND...: exits with STATUS, says TEXT (an extended regular expression, case ignored), does not crash or hang
no() {
    name=$1 want=$2 text=$3
    shift 3
    rc=0
    timeout 120 "$@" >"$tmp/log" 2>&1 </dev/null || rc=$?
    if [ "$rc" = "$want" ] && grep -qiE -- "$text" "$tmp/log"; then
        pass "$name"
    else
        echo "(exit $rc, wanted $want and /$text/)" >>"$tmp/log"
        fail "$name"
    fi
}

# COMMAND..., while no other test does the same. libtool links libcnascli anew to install it, under fixed names in the build tree.
alone() {
    if command -v flock >/dev/null 2>&1; then flock "$top_builddir/Makefile" "$@"; else "$@"; fi
}

# Installs into $tmp/root and makes pkg-config and the loader find it there.
install_tree() {
    alone make -s -C "$top_builddir" install DESTDIR="$tmp/root" >"$tmp/log" 2>&1 || { fail "make install"; exit 1; }
    pc=$(find "$tmp/root" -name cnas.pc)
    libdir=$(dirname "$(dirname "$pc")")
    export PKG_CONFIG_PATH="$libdir/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$tmp/root" LD_LIBRARY_PATH="$libdir"
    bindir=$(dirname "$libdir")/bin
    PATH=$bindir:$PATH
    export PATH
    pass "make install"
}

# serve ARGUMENT...: starts tiny-server (with $network: that one's) in the background, waits for its port; sets $server and $port
serve() {
    rm -f "$tmp/port"
    "out/${network:-tiny}-server" --listen 127.0.0.1:0 --port-file "$tmp/port" --key "$tmp/server.key" "$@" >"$tmp/server.log" 2>&1 &
    server=$!
    children="$children $server"
    n=0
    while [ ! -s "$tmp/port" ]; do
        n=$((n + 1))
        if [ $n -gt 200 ] || ! kill -0 $server 2>/dev/null; then
            cp "$tmp/server.log" "$tmp/log"
            fail "server starts"
            exit 1
        fi
        sleep 0.1
    done
    port=$(cat "$tmp/port")
}

# privately N: the first N images of the test set between two processes, whose results must be those of the fixed-point network
privately() {
    name=${network:-tiny}
    serve --fixed "$name.fixed.safetensors" --once
    ok "client: $1 images" "out/$name-client" --connect "127.0.0.1:$port" --key "$tmp/server.key.pub" --data data --index "0-$(($1 - 1))" \
        --check "$name.fixed.safetensors"
    cp log said
    ok "all results are equal to the clear fixed-point network" grep -q "$1 of $1 equal" said
    wait "$server"
    ok "server exits 0 after --once" test $? = 0
}
