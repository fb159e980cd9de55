#!/bin/sh
# The editors' word lists are the compiler's: every keyword, operator, function is in both syntax files, and no other word of a kind.
set -u
cd "${top_srcdir:?}" || exit 1
vim=docs/editors/vim/syntax/cnas.vim
textmate=docs/editors/vscode/syntaxes/cnas.tmLanguage.json
failed=0 passed=0
keywords=$(sed -n 's/^"\([a-z]*\)" *{ TOKEN.*/\1/p' grammar/lexer.l)
operators=$(sed -n 's/^ *OPERATOR("\([a-z0-9_]*\)".*/\1/p' compiler/sema/builtin_tensor.c)
functions=$(sed -n 's/^ *FUNCTION("\([a-z0-9_]*\)".*/\1/p' compiler/sema/builtin_value.c)
other='int real bool string list tensor any choose choose_subset auto same balanced TODO FIXME'
wrong() {
    failed=$((failed + 1))
    echo "FAIL: $*"
}
for word in $keywords $operators $functions; do
    passed=$((passed + 1))
    grep -q "^syntax keyword.* $word\( \|\$\)" "$vim" || wrong "$vim lacks $word"
    grep -q "\"match\":.*[(|]$word[)|]" "$textmate" || wrong "$textmate lacks $word"
done
for word in $(sed -n 's/^syntax keyword [A-Za-z]* \(.*\)/\1/p' "$vim" | sed 's/ contained$//'); do
    case " $(echo $keywords $operators $functions) $other " in
    *" $word "*) ;;
    *) wrong "$vim has $word, which is no word of the language" ;;
    esac
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 50 ]
