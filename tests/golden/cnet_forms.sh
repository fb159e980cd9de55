#!/bin/sh
# The ReLUs of the six CNet arcs in all forms of samples/paper/cnet_unpruned.cnas, against tests/golden/cnet_forms.tsv.
set -u
cnasc=${CNASC:?}
top=$(cd "${top_srcdir:?}" && pwd)
passed=0 failed=0

expect() { # RELUS OPTION...: cnasc check counts so many
    want=$1
    shift
    got=$("$cnasc" check "$top/samples/paper/cnet_unpruned.cnas" "$@" | awk '/^total/ && !n++ { gsub(/,/, ""); print $4 }')
    if [ "$got" = "$want" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $*: $got ReLUs, not $want"
    fi
}

while read -r classes net original two two_shuffled four four_shuffled; do
    [ "$classes" = "#" ] && continue
    arc="-D classes=$classes -D net=$net"
    expect "$original" -O0 $arc -D growth=2 -D one_by_one=true
    expect "$two" -O0 $arc -D growth=2
    expect "$two_shuffled" -O0 -frelu-shuffle $arc -D growth=2
    expect "$four" -O0 $arc
    expect "$four_shuffled" -O0 -frelu-shuffle $arc
done <"$top/tests/golden/cnet_forms.tsv"

echo "CASES: $passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -eq 30 ]
