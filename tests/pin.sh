#!/bin/sh
# --emit=cnas on every network of the samples, spaces with several sets of picks: what it writes needs no options, is laid out as
# `cnasc fmt` would, keeps the imports, is pinned to itself, and compiles to the same graph, but for the places in the source.
set -u
cnasc=${CNASC:?}
top=$(cd "${top_srcdir:?}" && pwd)
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT INT TERM
passed=0 failed=0 spaces=0

graph() { # of $file: FILE [OPTION...]
    "$cnasc" build --emit=ir -I "${file%/*}" "$@" | sed 's/ at ".*//'
}

same() { # NETWORK FILE [--pick=NAME=VALUE...]
    network=$1 file=$2
    shift 2
    found=$tmp/found.cnas
    rm -f "$found"
    "$cnasc" build --verify --emit=cnas --network="$network" "$file" -I "${file%/*}" "$@" -o "$found" &&
        graph --network="$network" "$file" "$@" >"$tmp/wanted" && graph --network="$network" "$found" >"$tmp/got" &&
        [ -s "$tmp/got" ] && cmp "$tmp/wanted" "$tmp/got" &&
        "$cnasc" fmt --check "$found" &&
        [ "$(grep '^import' "$file")" = "$(grep '^import' "$found")" ] &&
        "$cnasc" build --emit=cnas --network="$network" "$found" -I "${file%/*}" | cmp - "$found"
}

count() { # OK? what
    if [ "$1" -eq 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED $2"; fi
}

# One --pick for each choice that `cnasc check` lists: another alternative in each round, and all, none or the last of a subset.
picks() { # ROUND <report
    awk -v round="$1" '
        /^choice  / { listed = 1; next }
        !listed || !NF || /^-/ || /choices are open/ { next }
        {
            name = $1; alternatives = $0
            sub(/^[^ ]+  +/, "", alternatives); sub(/  .*/, "", alternatives)
            if (alternatives ~ /^some of /) {
                n = alternatives; sub(/^some of /, "", n); sub(/:.*/, "", n)
                value = ""
                for (i = 0; i < n; i++)
                    if (round % 3 == 2 || (round % 3 == 1 && i == n - 1)) value = value (value == "" ? "" : ",") i
                value = "[" value "]"
            } else {
                n = split(alternatives, one, ", ")
                value = one[(NR + round) % n + 1]
            }
            print "--pick=" name "=" value
        }'
}

for file in "$top"/samples/*.cnas "$top"/samples/paper/*.cnas; do
    for network in $(sed -n 's/^network \([A-Za-z0-9_]*\).*/\1/p' "$file"); do
        if ! grep -q 'choose' "$file"; then
            same "$network" "$file"
            count $? "$file $network"
            continue
        fi
        "$cnasc" check "$file" --network="$network" >"$tmp/report" || { count 1 "$file $network: check"; continue; }
        for round in 0 1 2 3 4; do
            same "$network" "$file" $(picks $round <"$tmp/report")
            count $? "$file $network: $(picks $round <"$tmp/report" | tr '\n' ' ')"
            spaces=$((spaces + 1))
        done
    done
done
[ $spaces -ge 10 ]
count $? "spaces of networks: $spaces"
echo "CASES: $passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 25 ]
