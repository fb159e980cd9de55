#!/bin/sh
# relu-balance turns the six CNets with doubling channels into the released networks, node for node, also behind relu-prune, and the numbers of
# both are those of tests/golden/cnet_balance.tsv. cnasc leaves out the reductions that no layer reads and lists them apart: the table has both lists.
set -u
cnasc=${CNASC:?}
top=$(cd "${top_srcdir:?}" && pwd)
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT INT TERM
passed=0 failed=0

growth() { # COMMAND OPTION...
    "$cnasc" "$@" -I "$top/samples/paper" -D classes=$classes -D net=$net "$top/tests/golden/cnet/growth.cnas"
}
whole() { # OPTION...: parameters and million MACs of a network and of what it leaves out
    growth check "$@" | awk '/^total/ { gsub(/,/, ""); parameters += $2; macs += $3 } END { printf "%d %.1f\n", parameters, macs / 1e6 }'
}
expect() { # WHAT WANT GOT
    if [ "$2" = "$3" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED CNet$net for $classes classes, $1: $3, not $2"
    fi
}

while read -r classes net width2 parameters2 macs2 width4 parameters4 macs4 ratio; do
    [ "$classes" = "#" ] && continue
    expect "doubling" "$parameters2 $macs2" "$(whole -D growth=2 -D width=$width2)"
    expect "balanced" "$parameters4 $macs4" "$(whole -D growth=4 -D width=$width4)"
    expect "ratio" "$ratio" "$(awk "BEGIN { printf \"%.2f\", $parameters4 / $parameters2 }")"
    growth build --emit=ir -D growth=2 -D width=$width2 -frelu-balance >"$tmp/balanced.ir"
    growth build --emit=ir -D growth=4 -D width=$width4 >"$tmp/released.ir"
    expect "the balanced network" same "$(cmp "$tmp/balanced.ir" "$tmp/released.ir" && [ -s "$tmp/released.ir" ] && echo same)"
    # what is balanced is left alone
    expect "balanced twice" same "$("$cnasc" build --emit=ir --from-ir -frelu-balance "$tmp/balanced.ir" | cmp - "$tmp/balanced.ir" && echo same)"
    # the networks of ENAS: pruned and balanced, they are those that had balanced channels from the start, pruned
    for growth in 2 4; do
        "$cnasc" build --emit=ir -D classes=$classes -D net=$net -D growth=$growth -frelu-prune $([ $growth = 2 ] && echo -frelu-balance) \
            "$top/samples/paper/cnet_unpruned.cnas" >"$tmp/pruned$growth.ir"
    done
    expect "pruned and balanced" same "$(cmp "$tmp/pruned2.ir" "$tmp/pruned4.ir" && [ -s "$tmp/pruned4.ir" ] && echo same)"
done <"$top/tests/golden/cnet_balance.tsv"

echo "CASES: $passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -eq 36 ]
