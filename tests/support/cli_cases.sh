# Sourced by the tests of command lines: a scratch folder, where they are from then on; cases are counted, and what a command in one of them
# printed, in out and err, is shown where it is wrong. $what: what the case is about.
model=$top_builddir/tests/support/cli_model
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT INT TERM
cd "$tmp" || exit 99
passed=0 failed=0

ok() {
    passed=$((passed + 1))
}
bad() {
    failed=$((failed + 1))
    printf 'FAILED: %s\n' "$1"
    sed 's/^/    out: /' out
    sed 's/^/    err: /' err
}
# says FILE WORDS: the file has the words
says() {
    if grep -q -e "$2" "$1"; then ok; else bad "$what: no \`$2' in $1"; fi
}
# await WORDS: until out has the words, half a minute at most
await() {
    n=0
    until grep -q "$1" out; do
        n=$((n + 1))
        [ $n -lt 300 ] || break
        sleep 0.1
    done
}
