#!/bin/sh
# The six CNets of samples/paper against tests/golden/cnet/*.tsv, whose first lines say where their numbers are from: the arc in the
# text, and from `cnasc check` the ReLUs, parameters and MACs of every layer. The tables count the reductions of all stored tensors;
# cnasc leaves out those that no output needs, and lists them by themselves: the two lists together must give the tables' numbers.
set -u
cnasc=${CNASC:?}
golden=$(cd "${top_srcdir:?}" && pwd)/tests/golden/cnet
paper=$golden/../../../samples/paper
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT INT TERM
passed=0 failed=0
for table in "$golden"/*.tsv; do
    name=$(basename "$table" .tsv)
    awk -F '\t' '$1 ~ /^[0-9]+$/ {
        skips = ""
        for (j = 0; j < $1; j++)
            if (substr($3, j + 1, 1) == "1")
                skips = skips (skips == "" ? "" : ", ") j
        printf "[%d, [%s]],\n", $2 < 2 ? 3 : 5, skips
    }' "$table" >"$tmp/arc.want"
    sed -n '/^const arc = \[$/,/^\];$/s/^ *\(\[.*\],\)$/\1/p' "$paper/$name.cnas" >"$tmp/arc.got"
    "$cnasc" check "$paper/$name.cnas" >"$tmp/check" || { failed=$((failed + 1)); continue; }
    awk '
        function number(from, to,    text) { # of the columns after from, up to to
            text = substr($0, from + 1, to - from)
            gsub(/[ ,]/, "", text)
            return text + 0
        }
        function add(row, relus, parameters, macs) {
            r[row] += relus; p[row] += parameters; m[row] += macs
        }
        FNR == NR {
            if ($1 ~ /^#/) next
            row = $1 == "reduce" ? "reduce" ++n_reduce : $1
            want[rows++] = row; want_r[row] = $4; want_p[row] = $5; want_m[row] = $6
            if ($1 == "reduce") { reduce_before[last_layer + 1] = row; stored[row] = $2 }
            if ($1 ~ /^[0-9]+$/) last_layer = $1
            next
        }
        /operator .*parameters .*MACs .*ReLUs$/ {
            to_p = index($0, "parameters") + 9; to_m = index($0, "MACs") + 3; to_r = index($0, "ReLUs") + 4
            from = index($0, "result") + 5
            next
        }
        $1 == "pass" { exit }
        $1 ~ /^[a-z]/ && $1 != "total" && $1 != "network" && NF > 2 {
            relus = number(to_m, to_r); parameters = number(from, to_p); macs = number(to_p, to_m)
            layer = $1
            if (sub(/.*_layer/, "", layer)) {
                reduction = layer ~ /^[0-9]+_maps[0-9]+_reduce/
                tensor = layer; sub(/_reduce.*/, "", tensor)
                sub(/_.*/, "", layer)
                row = reduction ? reduce_before[layer] : layer
                if (reduction && !seen[tensor]++) reduced[row]++
            } else if ($1 ~ /_linear$/)
                row = "head"
            else
                row = "stem"
            add(row, relus, parameters, macs)
            add("total", relus, parameters, macs)
        }
        END {
            for (i = 0; i < rows; i++) {
                row = want[i]
                exact = row == "total" ? sprintf("%.1f", m[row] / 1e6) : sprintf("%.2f", m[row] / 1e6)
                if (r[row] != want_r[row] || p[row] != want_p[row] || exact != want_m[row] || reduced[row] != stored[row]) {
                    printf "%s: %d ReLUs, %d parameters, %s M MACs; want %s, %s, %s\n", row, r[row], p[row], exact, want_r[row], want_p[row], want_m[row]
                    bad = 1
                }
            }
            width = r[0] / 1024 # and the stem, which the tables leave to their text
            if (p["stem"] != 29 * width || m["stem"] != 27 * width * 1024 || rows < 8) { print "stem"; bad = 1 }
            exit bad
        }
    ' "$table" "$tmp/check" && diff -u "$tmp/arc.want" "$tmp/arc.got" && passed=$((passed + 1)) && continue
    echo "FAILED $name"
    failed=$((failed + 1))
done
echo "CASES: $passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -eq 6 ]
