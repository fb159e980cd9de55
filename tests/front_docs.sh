#!/bin/sh
# Every fenced example of docs/language.md is what it says: ```cnas parses and elaborates; ```cnas-part does inside of a network
# with an input `x` of 8x16x16 (its warnings are not looked at); ```cnas-error gives an error, and the ```text after it, if there is one, is what is said.
set -u
dump=${top_builddir:?}/tests/support/front_dump
doc=${top_srcdir:?}/docs/language.md
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
awk '
    /^```/ && kind == "" { kind = substr($0, 4); if (kind != "text") n++; file = sprintf("%03d.%s", n, kind); line = NR; printf "%s", "" > file; next }
    /^```/ { close(file); kind = ""; next }
    kind != "" { print > file }
' "$doc"
passed=0 failed=0
say() { # NAME why
    failed=$((failed + 1))
    echo "FAIL: example $1 of docs/language.md: $2"
    cat "$1" said
}
for file in [0-9]*; do
    case $file in
    *.cnas) cp "$file" net.cnas ;;
    *.cnas-part) { printf 'network N {\n    input x: tensor[8, 16, 16];\n'; cat "$file"; printf '    output y = x;\n}\n'; } > net.cnas ;;
    *.cnas-error) cp "$file" net.cnas ;;
    *) continue ;; # text, ebnf
    esac
    case $file in *.cnas-part) quiet=-w ;; *) quiet= ;; esac # a part makes things for nobody
    "$dump" check $quiet net.cnas 2> said
    status=$?
    case $file in
    *.cnas-error)
        text=${file%.cnas-error}.text
        if [ "$status" != 1 ]; then
            say "$file" "exit status $status"
        elif [ -f "$text" ] && ! cmp -s "$text" said; then
            say "$file" "another message than the text says"
        else
            passed=$((passed + 1))
        fi ;;
    *)
        if [ "$status" != 0 ] || [ -s said ]; then say "$file" "exit status $status"; else passed=$((passed + 1)); fi ;;
    esac
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 20 ]
