#!/bin/sh
# What `cnasc count` says about every sample agrees with `cnasc check` and with the plan; every page that `cnasc report` makes, also of
# hostile networks, is well-formed, complete in itself, and there soon.
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

# --- the page of cnasc report ---

# page WHAT: page.html is well-formed, has each id once, links only to what is there, and asks for nothing from elsewhere
page() {
    if [ -n "$xmllint" ]; then
        "$xmllint" --noout "$tmp/page.html" >"$tmp/said" 2>&1
        count $? "$1: $(head -n 2 "$tmp/said")"
    fi
    grep -o ' id="[^"]*"' "$tmp/page.html" | sed 's/ id="//; s/"//' | sort >"$tmp/ids"
    twice=$(uniq -d "$tmp/ids" | head -n 1)
    [ -z "$twice" ]
    count $? "$1: the id $twice comes twice"
    grep -o 'href="[^"]*"' "$tmp/page.html" | sed 's/href="//; s/"//' | sort -u >"$tmp/links"
    sed -n 's/^#//p' "$tmp/links" >"$tmp/anchors"
    away=$(grep -v '^#' "$tmp/links" | head -n 1)
    missing=$(sort "$tmp/anchors" | comm -23 - "$tmp/ids" | head -n 1)
    [ -z "$away$missing" ] && [ -s "$tmp/anchors" ]
    count $? "$1: a link to $away$missing"
    ! grep -o '<[^>]*>' "$tmp/page.html" | sed 's,xmlns="http://www.w3.org/2000/svg",,' | grep -qE '^<(script|link|img|iframe|object)| src=| on[a-z]+=|https?:' &&
        ! sed -n '/<style>/,/<\/style>/p' "$tmp/page.html" | grep -qE 'url\(|@import'
    count $? "$1: a request, or a script"
}

xmllint=$(command -v xmllint) || { xmllint='' && echo "xmllint (libxml2-utils) is not there: well-formedness is not checked"; }
LC_ALL=C
export LC_ALL
for file in "$top"/samples/*.cnas "$top"/samples/paper/*.cnas; do
    for network in $(sed -n 's/^network \([A-Za-z0-9_]*\).*/\1/p' "$file"); do
        name="${file##*/} $network: report"
        timeout 60 "$cnasc" report -w --network="$network" "$file" -o "$tmp/page.html"
        count $? "$name"
        page "$name"
    done
done

# The same source gives the same bytes, from any directory.
mkdir "$tmp/a" "$tmp/b" && for to in a b; do cp "$top/samples/10_skips.cnas" "$top/tests/golden/report/net.cnas" "$tmp/$to"; done
for net in 10_skips net; do
    (cd "$tmp" && "$cnasc" report -w "a/$net.cnas" -o a.html && cd b && "$cnasc" report -w "$net.cnas" -o ../b.html) && cmp "$tmp/a.html" "$tmp/b.html"
    count $? "$net: the same bytes"
done
if grep -q '<svg' "$tmp/a.html"; then # built with Graphviz
    [ "$(grep -c 'class="box relu"' "$tmp/a.html")" -eq "$("$cnasc" build -w "$tmp/a/net.cnas" --emit=ir | grep -c ' = relu ')" ]
    count $? "a box for each ReLU"
else
    grep -q 'built without Graphviz' "$tmp/a.html"
    count $? "no picture, and no word about it"
fi

# Names, texts and sizes that no person would choose.
hostile=$tmp/'<img src=x onerror=alert(1)>"&.cnas'
long=$(awk 'BEGIN { for (i = 0; i < 3000; i++) printf "abcdefghij" }')
cat >"$hostile" <<CNAS
// </code></td></table></style><script>alert(1)</script> ]]> <!-- &lt; $(printf '\342\200\256')
network N {
    input x: tensor[1, 4, 4];
    $long: @relu_budget(20) { y = x |> relu; }
    output z = y |> conv(2, kernel = 3) |> relu |> global_avg_pool;  // "'<&
}
CNAS
timeout 20 "$cnasc" report -w "$hostile" -o "$tmp/page.html"
count $? "hostile texts"
page "hostile texts"
# graph AWK-PROGRAM WHAT: prints a graph; its page must come within 30 seconds, and be less than 8 MB large
graph() {
    awk "$1" >"$tmp/net.ir"
    timeout 30 "$cnasc" report --from-ir "$tmp/net.ir" -o "$tmp/page.html"
    count $? "$2: report"
    [ "$(wc -c <"$tmp/page.html")" -lt 8000000 ]
    count $? "$2: $(wc -c <"$tmp/page.html") bytes"
    page "$2"
}
graph 'BEGIN { print "ir 1 network Long %x0 = input 4x8x8"; for (i = 1; i <= 20000; i++) printf (i % 2 ? "%%x%d = conv %%x%d channels=4 kh=1 kw=1\n" : "%%x%d = relu %%x%d\n"), i, i - 1; print "output y = %x20000 end" }' "20,000 layers"
graph 'BEGIN { print "ir 1 network Wide %x = input 4x8x8"; for (i = 1; i <= 9000; i++) printf "%%r%d = conv %%x channels=4 kh=1 kw=1 %%x%d = relu %%r%d\n", i, i, i; printf "%%z = add"; for (i = 1; i <= 9000; i++) printf " %%x%d", i; print " output y = %z end" }' "9,000 branches"
graph 'BEGIN { print "ir 1 network Dense %x0 = input 4x8x8"; for (i = 1; i <= 23; i++) { printf "%%r%d = relu %%x%d %%c%d = conv %%r%d channels=4 kh=1 kw=1 %%x%d = add %%c%d", i, i - 1, i, i, i, i; for (j = 0; j < i; j++) printf " %%x%d", j; print "" } print " output y = %x23 end" }' "everything reads all before it"

echo "CASES: $passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 200 ]
