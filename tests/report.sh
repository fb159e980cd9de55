#!/bin/sh
# What `cnasc count` says about every sample agrees with `cnasc check` and with the plan.
set -u
cnasc=${CNASC:?}
top=$(cd "${top_srcdir:?}" && pwd)
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT INT TERM
passed=0 failed=0

count() { # OK? WHAT
    if [ "$1" -eq 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED $2"; fi
}

# member NAME: the number of this name in the last state of the JSON, the network as it is compiled
member() {
    sed -n 's/^  "result": .*"'"$1"'": \([0-9]*\).*/\1/p' "$tmp/count"
}

for file in "$top"/samples/*.cnas "$top"/samples/paper/*.cnas; do
    for network in $(sed -n 's/^network \([A-Za-z0-9_]*\).*/\1/p' "$file"); do
        name="${file##*/} $network"
        set -- -w --network="$network" "$file"
        "$cnasc" count --format=json "$@" >"$tmp/count"
        count $? "$name: count"
        # The totals of check: parameters, MACs, ReLUs and, if they are others, equivalents.
        "$cnasc" check "$@" 2>/dev/null | sed -n '/^total/{s/,//g;p;q;}' >"$tmp/total"
        read -r _ parameters macs relus equivalents <"$tmp/total"
        [ "$parameters $macs $relus ${equivalents:-$relus}" = "$(member parameters) $(member macs) $(member relus) $(member relu_equivalents)" ]
        count $? "$name: $(cat "$tmp/total")"
        # The plan rounds each buffer up to 16 floats.
        "$cnasc" build --targets=train,infer --emit=plan "$@" >"$tmp/plan" 2>/dev/null || continue
        peak=$(sed -n 's/^inference slab: .*, \([0-9]*\) alive at most$/\1/p' "$tmp/plan")
        floats=$(($(member activation_bytes) / 4))
        [ "$peak" -ge "$floats" ] && [ $((peak - floats)) -le $((15 * $(grep -c '' "$tmp/plan"))) ]
        count $? "$name: $floats floats, $peak in the plan"
    done
done
echo "CASES: $passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 60 ]
