#!/bin/sh
# Every pass keeps its laws on every sample (tests/unit/pass_tool.c): among them, the same numbers before and after on random weights.
set -u
cnasc=${CNASC:?}
top=$(cd "${top_srcdir:?}" && pwd)
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT INT TERM
passed=0 failed=0 open=
graph() { "$cnasc" build "$@" --emit=ir >"$tmp/net.ir" 2>"$tmp/log"; }

for file in "$top"/samples/*.cnas "$top"/samples/paper/*.cnas; do
    for network in $(sed -n 's/^network \([A-Za-z0-9_]*\).*/\1/p' "$file"); do
        name=${file##*/}
        # as it is written; or, where only passes bring it within its budget, after them
        if ! graph -O0 --network="$network" "$file" && ! graph --network="$network" "$file"; then
            open="$open $name" # a space of networks
        elif "$top_builddir/tests/unit/pass_tool" "$tmp/net.ir" >"$tmp/log" 2>&1; then
            passed=$((passed + 1))
            printf '%s %s: %s\n' "$name" "$network" "$(grep -v '^dce' "$tmp/log" | tr '\n' ' ')"
        else
            failed=$((failed + 1))
            printf 'FAILED %s %s:\n' "$name" "$network"
            cat "$tmp/log"
        fi
    done
done
[ "$open" = " 13_search.cnas" ] || { echo "not built:$open"; failed=$((failed + 1)); }
echo "CASES: $passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 25 ]
