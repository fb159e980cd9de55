#!/bin/sh
# The standard library and the samples are formatted, and the examples of docs/language.md stay what they are when they are.
set -u
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
failed=0
(cd "${top_srcdir:?}" && "$CNASC" fmt --check stdlib/*.cnas $(find samples -name '*.cnas' | sort)) || {
    failed=1
    echo "FAIL: these are not formatted: cnasc fmt -i"
}
awk '
    /^```/ && kind == "" { kind = substr($0, 4); file = sprintf("'"$tmp"'/%03d.%s", ++n, kind); next }
    /^```/ { close(file); kind = ""; next }
    kind == "cnas" || kind == "cnas-error" { print > file }
    kind == "cnas-part" { if (!(file in begun)) { print "network N { input x: tensor[8, 16, 16];" > file; begun[file] = 1 } print > file }
' "$top_srcdir/docs/language.md"
for file in "$tmp"/*.cnas-part; do
    echo 'output y = x; }' >> "$file"
done
passed=0
for file in "$tmp"/*.cnas "$tmp"/*.cnas-part "$tmp"/*.cnas-error; do
    "$top_builddir/tests/support/front_dump" ast "$file" > "$tmp/before" 2> "$tmp/said" || continue # an example of a syntax error
    if "$CNASC" fmt "$file" > "$tmp/once.cnas" && "$CNASC" fmt - < "$tmp/once.cnas" | cmp -s - "$tmp/once.cnas" &&
        "$CNASC" fmt --check "$tmp/once.cnas" && "$top_builddir/tests/support/front_dump" ast "$tmp/once.cnas" | cmp -s - "$tmp/before"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: ${file##*/} of docs/language.md"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 20 ]
