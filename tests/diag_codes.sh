#!/bin/sh
# Every code of diag_codes.def is given by the compiler's source, and shown by a golden transcript or by docs/language.md, but for those
# listed here with the reason why no small file can bring them about.
set -u
cd "${top_srcdir:?}" || exit 1
unreachable='
E0609 a network of a million nodes, or counts beyond 64 bits
'
failed=0 passed=0
wrong() {
    failed=$((failed + 1))
    echo "FAIL: $*"
}
rows=$(sed -n 's/^DIAG_CODE(\([EW]\), \([0-9]\{4\}\), \([A-Z_]*\).*/\1\2 \1_\3/p' compiler/base/diag_codes.def)
[ "$(echo "$rows" | sort -u -k1,1 | wc -l)" = "$(grep -c '^DIAG_CODE' compiler/base/diag_codes.def)" ] || wrong "a number stands twice"
echo "$rows" | sort -c || wrong "the rows are not in order"
given=$(grep -rhow '[EW]_[A-Z_0-9]*' --include='*.c' --exclude='diag_warnings.c' --include='*.y' --include='*.l' compiler/*.c compiler/*/ grammar | sort -u)
shown=$(grep -rhoE '\[[EW][0-9]{4}[],]' tests/golden docs/language.md | tr , ']' | sort -u)
while read -r code name; do
    passed=$((passed + 1))
    echo "$given" | grep -qx "$name" || wrong "$code $name is given nowhere"
    if echo "$unreachable" | grep -q "^$code "; then continue; fi
    echo "$shown" | grep -qF "[$code]" || wrong "$code $name has no golden test"
done <<EOF
$rows
EOF
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 50 ]
