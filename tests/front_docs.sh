#!/bin/sh
# Every fenced example of docs/language.md is what it says: ```cnas parses and elaborates; ```cnas-part does inside of a network
# with an input `x` of 8x16x16 (its warnings are not looked at); ```cnas-error gives an error, and the ```text after it, if there is one, is what is said.
# And every word and sign of the language, as the compiler's own tables have them, stands in one of the first two.
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

src=$top_srcdir
sema=$src/compiler/sema
cat ./*.cnas ./*.cnas-part > all
sed 's/"\([^"\]\|\\.\)*"/""/g; s,//.*,,; s,/\*.*\*/,,g' all > code # without strings and comments
shows() { # KIND LEAST PATTERN: each word of the standard input, put in place of _, matches in the examples; they are LEAST or more
    n=0
    while read -r word; do
        n=$((n + 1))
        quoted=$(printf '%s\n' "$word" | sed 's/[][\\.*^$|+(){}\/]/\\&/g')
        if grep -qE -- "$(printf '%s\n' "$3" | sed "s/_/$(printf '%s\n' "$quoted" | sed 's/[\\&\/]/\\&/g')/g")" "${4:-code}"; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
            echo "FAIL: no example of docs/language.md has the $1 $word"
        fi
    done
    [ "$n" -ge "$2" ] || { failed=$((failed + 1)); echo "FAIL: only $n of kind $1 found in the sources"; }
}
sed -n 's/^"\([a-z]*\)" *{ TOKEN.*/\1/p' "$src/grammar/lexer.l" > words
shows keyword 20 '\<_\>' < words
{
    sed -n 's/^"\([^a-z"]*\)" *{ TOKEN.*/\1/p' "$src/grammar/lexer.l"
    sed -n 's/^\[\(.*\)\] *{ TOKEN.*/\1/p' "$src/grammar/lexer.l" | sed 's/\\//g' | fold -w 1
} > words
grep -v '^[-+*/%<>=.]$' words > signs
shows sign 15 '_' < signs
grep '^[-+*/%<>=]$' words > signs
shows operator 8 ' _ ' < signs
sed -n '/ units\[\] = {/,/^};/p' "$src/grammar/front.c" | grep -o '{"[^"]*"' | tr -d '{"' > words
shows unit 8 '[0-9]_([^A-Za-z0-9_]|$)' < words
sed -n 's/.* escapes\[\] = "\(.*\)", meaning.*/\1/p' "$src/grammar/front.c" | sed 's/\\\(.\)/\1/g' | fold -w 1 > words
shows escape 4 '"([^"\\]|\\.)*\\_' all < words
sed -n 's/^ *OPERATOR("\([a-z0-9_]*\)".*/\1/p' "$sema/builtin_tensor.c" > words
shows 'tensor operator' 25 '\<_(\(|[^(=]*[;|])' < words
sed -n 's/^ *FUNCTION("\([a-z0-9_]*\)".*/\1/p' "$sema/builtin_value.c" > words
shows function 20 '\<_\(' < words
sed -n 's/^ *{\.name = "\([a-z_]*\)".*run_choose.*/\1/p' "$sema/choice.c" > words
shows choice 2 '\<_\(' < words
{
    sed -n 's/^ *WORD("\([a-z]*\)").*/\1/p' "$sema/builtin_value.c"
    sed -n 's/^ *SETTING("\([a-z_0-9]*\)".*/\1/p; s/^ *{\.name = "\([a-z_]*\)", \.is_constant.*/\1/p' "$sema/train.c" "$sema/private.c"
} > words
shows word 9 '\<_\>' < words
cat "$sema/train.c" "$sema/private.c" | grep -o '{"[a-z_]*", set_' | sed 's/{"\(.*\)".*/\1/' > words
shows setting 9 '\<_ *=' < words
sed -n '/\.later = true/d; s/^ *{\.name = "\([a-z_]*\)", \.places.*/\1/p' "$sema/annotation.c" > words
shows annotation 7 '@_\>' < words
sed -n 's/^ *{"\([a-z]*\)", KIND.*/\1/p' "$sema/type.c" > words
shows type 8 '(:|->|\[) *_\>' < words
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 150 ]
