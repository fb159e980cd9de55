#!/bin/sh
# Every sample is at most 80 lines long, is within its budgets, and compiles to C that the C compiler takes without a warning. Those
# of papers have the papers' ReLUs and parameters: tests/golden/paper.tsv; the CNets', layer by layer, are in tests/golden/cnet.sh.
set -u
cnasc=${CNASC:?}
top=$(cd "${top_srcdir:?}" && pwd)
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT INT TERM
passed=0 failed=0 spaces=

good() { # FILE [OPTION...]: says what is wrong with it
    file=$1
    shift
    lines=$(wc -l <"$file")
    [ "$lines" -le 80 ] || { echo "$lines lines"; return 1; }
    rm -rf "$tmp/c"
    "$cnasc" check --verify "$@" "$file" >"$tmp/check" || return 1
    if grep -q 'choices are open' "$tmp/check"; then # a space of networks: there is nothing to build
        spaces="$spaces ${file##*/}"
        return 0
    fi
    "$cnasc" build "$@" "$file" -o "$tmp/c" || return 1
    for c in "$tmp/c"/*.c; do
        ${CC:-cc} -std=c11 -Wall -Wextra -Werror -fsyntax-only -I"$top/runtime/include" "$c" || return 1
    done
}

count() { # OK?
    if [ "$1" -eq 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED $2"; fi
}

for file in "$top"/samples/*.cnas "$top"/samples/paper/*.cnas; do
    networks=$(sed -n 's/^network \([A-Za-z0-9_]*\).*/\1/p' "$file")
    for network in $networks; do
        # A file may say in its first lines which targets it is for
        good "$file" --network="$network" $(sed -n 's/^\/\/ .*\(--targets=[a-z,]*\).*/\1/p' "$file")
        count $? "$file $network"
    done
done

[ "$spaces" = " 13_search.cnas" ]
count $? "spaces of networks:$spaces"

tab=$(printf '\t')
grep -v '^#' "$top/tests/golden/paper.tsv" >"$tmp/paper"
while IFS=$tab read -r name relus parameters origin; do
    [ -n "$origin" ] && "$cnasc" check "$top/samples/paper/$name.cnas" | awk -v relus="$relus" -v parameters="$parameters" '
        /^total/ && !n++ {
            gsub(/,/, "")
            if ($4 == relus && (parameters == "-" || $2 == parameters)) good = 1
            else print "total: " $4 " ReLUs, " $2 " parameters"
        }
        END { exit !good }'
    count $? "paper.tsv: $name"
done <"$tmp/paper"
# samples/README.md tells ReLUs and parameters of each, as they are after the passes.
sed -n 's/^| \[`\([^`]*\)`\].*| \([0-9,]*\)[^|]* | \([0-9,]*\) *|$/\1 \2 \3/p' "$top/samples/README.md" >"$tmp/table"
while read -r name relus parameters; do
    file=$top/samples/$name
    [ -e "$file" ] || file=$top/samples/paper/$name
    options=$(sed -n 's/^\/\/ .*\(--targets=[a-z,]*\).*/\1/p' "$file")
    case $name in
    05_lists.cnas) options=--network=Plain ;;
    15_balance.cnas) options=--network=Doubling ;;
    esac
    "$cnasc" check $options "$file" | awk -v relus="$relus" -v parameters="$parameters" '
        /^total/ && !n++ {
            if ($4 == relus && (parameters == "" || $2 == parameters)) good = 1
            else print "total: " $4 " ReLUs, " $2 " parameters"
        }
        END { exit !good }'
    count $? "README.md: $name"
done <"$tmp/table"
[ "$(wc -l <"$tmp/table")" -gt 25 ]
count $? "README.md: rows"
echo "CASES: $passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 25 ]
