#!/bin/sh
# Training by several processes under mpirun: two ranks equal one with the same batch, go on as one, end together when one of them dies.
set -u
if ! command -v mpirun >/dev/null 2>&1 || [ ! -f "$top_builddir/libcnasmpi.la" ]; then
    echo "skipped: cnasc is configured without --with-mpi, or there is no mpirun (Debian: libopenmpi-dev openmpi-bin)"
    exit 77
fi
. "$top_srcdir/tests/e2e/lib.sh"
install_tree
"$top_builddir/tests/support/make_idx" "$(mkdir -p "$tmp/data" && echo "$tmp/data")" 600 100 16 4 || exit 1
cd "$tmp" || exit 1
# Ranks of one machine: as root, more of them than cores, no network.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_btl=self,vader
export OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_mpi_yield_when_idle=1
export XDG_CACHE_HOME="$tmp/cache"
# Under LeakSanitizer what Open MPI itself does not give back is not told; what is ours is. Its plugins are unloaded by then and have no
# names: whole stacks lead to the libraries that called them, libevent for the thread of its process management.
printf 'leak:%s\n' libmpi.so libopen-rte.so libopen-pal.so libevent_core >leaks
export LSAN_OPTIONS="suppressions=$tmp/leaks:print_suppressions=0" ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}fast_unwind_on_malloc=0"

# Root mean square of the difference of two weight files' numbers, relative to their size: small or not.
cat >compare <<'TXT'
numbers() { od -An -v -tf4 -w4 -j $(($(od -An -tu8 -N8 "$1" | tr -d ' ') + 8)) "$1"; }
numbers "$1" >one
numbers "$2" >two
paste one two | awk '{ d += ($1 - $2) ^ 2; s += $1 ^ 2; n++ } END { printf "%d numbers, %g apart\n", n, sqrt(d / s); exit !(n > 100 && sqrt(d / s) < 1e-3) }'
TXT

ok "compile" cnasc build --targets=train,infer "$here/clear.cnas" -o out
ok "make" make -C out
for engine in portable auto; do
    recipe="--data data --seed 3 --epochs 3 --batch 50 --validation 100 --threads 1 --engine $engine"
    ok "$engine: one process" out/plain-train $recipe --out "one-$engine.safetensors"
    ok "$engine: two ranks" mpirun -np 2 out/plain-train $recipe --out "two-$engine.safetensors" --sync-batch-norm
    cp log said
    ok "$engine: only one of them speaks" test "$(grep -c '^epoch 1/3' said)" = 1
    ok "$engine: it says that there are two" grep -q '^2 ranks, 2 of them on this machine' said
    ok "$engine: the same weights up to rounding" sh ./compare "one-$engine.safetensors" "two-$engine.safetensors"
    ok "$engine: again, the same bits" mpirun -np 2 out/plain-train $recipe --out "again-$engine.safetensors" --sync-batch-norm
    ok "$engine: indeed" cmp "again-$engine.safetensors" "two-$engine.safetensors"
done
ok "three ranks, each with its own statistics" mpirun -np 3 out/plain-train $recipe --out three.safetensors
no "they are another training" 1 'numbers' sh ./compare one-auto.safetensors three.safetensors

teacher="--data data --validation 100 --threads 1 --out one-auto.safetensors --write-soft-labels soft --views 2 --augment flip,crop=1"
no "a teacher with two ranks" 1 'is for one process, without mpirun' mpirun -np 2 out/plain-train $teacher
ok "a teacher" out/plain-train $teacher
ok "another one" out/plain-train --data data --validation 100 --threads 1 --out three.safetensors --write-soft-labels soft2 --views 3 --augment flip,crop=1
student="$recipe --soft-labels soft --soft-labels soft2"
ok "a student, one process" out/plain-train $student --out one-student.safetensors
ok "a student, two ranks" mpirun -np 2 out/plain-train $student --out two-student.safetensors --sync-batch-norm
ok "the same weights up to rounding" sh ./compare one-student.safetensors two-student.safetensors
no "the labels alone teach something else" 1 'numbers' sh ./compare one-student.safetensors one-auto.safetensors
no "soft labels that only one rank has" 1 '--soft-labels: missing: cannot open it' mpirun -np 1 out/plain-train $student --out x : -np 1 out/plain-train $recipe --soft-labels missing --out x

long="--data data --seed 3 --epochs 100000 --batch 50 --threads 1 --sync-batch-norm"
no "two ranks, stopped by the time budget" 4 '' mpirun -np 2 out/plain-train $long --time-budget 2s --out part.safetensors --quiet
no "one process goes on from their state" 4 'going on from part.safetensors.checkpoint' out/plain-train $long --time-budget 1s --out part.safetensors
no "and three ranks from its state" 4 'going on from part.safetensors.checkpoint' mpirun -np 3 out/plain-train $long --time-budget 1s --out part.safetensors

# signal NAME SIGNAL STATUS TEXT: what becomes of two ranks when the second gets a signal
signal() {
    mpirun -np 2 sh -c 'if [ "$OMPI_COMM_WORLD_RANK" = 1 ]; then echo $$ >pid; fi; exec out/plain-train "$@"' sh $long --out "$2.safetensors" \
        >"$tmp/log" 2>&1 &
    run=$!
    children="$children $run"
    n=0
    while ! { [ -s pid ] && grep -q '^epoch 2/' "$tmp/log"; } && [ $n -lt 600 ]; do n=$((n + 1)); sleep 0.1; done
    if [ "$2" = TERM ]; then
        rc=0
        timeout 120 mpirun -np 2 out/plain-train $long --out TERM.safetensors >second 2>&1 || rc=$?
        name="a second training in their place"
        if [ $rc = 1 ] && [ "$(grep -c 'TERM.safetensors.checkpoint: another training' second)" = 1 ]; then pass "$name"; else cat second >>"$tmp/log"; fail "$name"; fi
    fi
    kill -"$2" "$(cat pid)"
    rc=0
    wait $run || rc=$?
    rm -f pid
    if [ $rc = "$3" ] && grep -q "$4" "$tmp/log"; then pass "$1"; else echo "(exit $rc)" >>"$tmp/log"; fail "$1"; fi
}
signal "SIGTERM on one rank stops both, with their state" TERM 143 'interrupted on another rank; the state is in TERM.safetensors.checkpoint'
signal "one rank is killed: the other does not wait for it" KILL 137 'exited on signal 9'
no "what it had saved is there" 4 'going on from KILL.safetensors.checkpoint' out/plain-train $long --time-budget 1s --out KILL.safetensors

no "wrong usage" 2 'frobnicate' mpirun -np 2 out/plain-train --frobnicate
no "no data" 1 'nowhere: cannot read' mpirun -np 2 out/plain-train --data nowhere
mkdir other && "$top_builddir/tests/support/make_idx" other 500 100 16 4
no "ranks with other data" 1 'rank 1 has another network, recipe or data set' mpirun -np 1 out/plain-train --data data --out x : -np 1 out/plain-train --data other
no "a rank that fails by itself ends all" 1 'y.checkpoint: not a regular file; it is left as it is' mpirun -np 2 sh -c 'mkdir -p y.checkpoint/z; exec out/plain-train --data data --fresh --out y'
cp -r "$libdir" without && rm without/libcnasmpi* && : >without/libcnasmpi.so.0 # else one elsewhere might be found
no "an installation without MPI says so" 1 'there is no MPI here' env LD_LIBRARY_PATH="$tmp/without" mpirun -np 2 out/plain-train --data data
[ "$bad" = 0 ]
