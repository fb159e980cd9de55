#!/bin/sh
# Every sample trains on the engine as on the portable path (tests/unit/engine_tool.c): loss, gradients, statistics and inference of one step.
set -u
cnasc=${CNASC:?}
top=$(cd "${top_srcdir:?}" && pwd)
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT INT TERM
passed=0 failed=0
graph() { "$cnasc" build "$@" --emit=ir >"$tmp/net.ir" 2>"$tmp/log"; }

for file in "$top"/samples/*.cnas "$top"/samples/paper/cifar10_cnet1.cnas "$top"/samples/paper/resnet32.cnas "$top"/samples/paper/minionn_cifar10.cnas; do
    for network in $(sed -n 's/^network \([A-Za-z0-9_]*\).*/\1/p' "$file"); do
        graph -O0 --network="$network" "$file" || graph --network="$network" "$file" || continue # a space of networks is not built
        if "$top_builddir/tests/unit/engine_tool" "$tmp/net.ir" >"$tmp/log" 2>&1; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
            echo "FAILED ${file##*/} $network:"
        fi
        cat "$tmp/log"
    done
done
echo "CASES: $passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 18 ]
