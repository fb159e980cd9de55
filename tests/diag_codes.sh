#!/bin/sh
# Every diagnostic has a golden test. By codes: each row of diag_codes.def is given by the compiler's source and shown by a golden
# transcript or by docs/language.md. By messages: so is the format of each call that reports one, notes included; the messages about
# the IR's text and shapes may also stand in their unit tests, which compare whole messages.
set -u
cd "${top_srcdir:?}" || exit 1
unreachable='the network has more than 1,000,000 nodes' # by a small file: tests/front_hostile.sh has it
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
    echo "$shown" | grep -qF "[$code]" || wrong "$code $name has no golden test"
done <<EOF
$rows
EOF

# FILE<TAB>FORMAT for each message of the C files (the plan's verifier reports bugs), and whether a line from "-" shows it: by having
# all its words between conversions, in their order. Of `c ? "a" : "b"` the first is looked for.
messages=$({
    find tests/golden -name '*.want' -exec cat {} +
    cat docs/language.md
    sed -n 's/\\"/"/g; s/\\\\/\\/g; s/"/error: &/p' tests/unit/test_ir_*.c
} | awk '
    FILENAME != "-" && FNR == 1 { find_formats(); name = FILENAME; s = "" }
    FILENAME != "-" { s = s $0 "\n"; next }
    FNR == 1 { find_formats() }
    sub(/^.*(error|warning|note): /, "") && !($0 in seen) { seen[$0] = 1; shown[n_shown++] = $0 }
    END {
        for (i = 0; i < n; i++) {
            found = 0
            for (k = 0; k < n_shown && !found; k++) found = fits(format[i], shown[k])
            print (found ? "shown" : "missing") "\t" where[i] "\t" format[i]
        }
    }
    function find_formats(    call, end, quote, text, c) {
        gsub(/%"[ \n]*PRI[A-Za-z0-9]+[ \n]*"/, "%d", s)
        gsub(/%"[ \n]*PRI[A-Za-z0-9]+/, "%d\"", s)
        gsub(/" *\n *"/, "", s)
        while (match(s, /(diag_(error|warning|note)(_at)?|eval_fail|eval_halt|REFUSE|refuse|IR_TOKEN_FAIL)\(/)) {
            s = substr(s, RSTART + RLENGTH)
            call = substr(s, 1, 600)
            end = match(call, /;|\n}/) ? RSTART : 600
            quote = index(call, "\"")
            if (quote == 0 || quote > end) continue # no text of its own: a declaration, or a text that another call made
            call = substr(call, quote + 1)
            text = ""
            while (call != "" && substr(call, 1, 1) != "\"") {
                c = substr(call, 1, 1)
                if (c == "\\") {
                    call = substr(call, 2)
                    c = substr(call, 1, 1)
                    if (c == "n") break # what follows is on lines of its own
                }
                text = text c
                call = substr(call, 2)
            }
            where[n] = name
            format[n++] = text
        }
    }
    function fits(f, line,    piece, at) {
        while (f != "") {
            if (match(f, /%[-+ #0-9.*]*(ll|l|z)?[a-zA-Z%]/)) {
                piece = substr(f, 1, RSTART - 1) (substr(f, RSTART, RLENGTH) == "%%" ? "%" : "")
                f = substr(f, RSTART + RLENGTH)
            } else {
                piece = f
                f = ""
            }
            if (piece == "") continue
            at = index(line, piece)
            if (!at) return 0
            line = substr(line, at + length(piece))
        }
        return 1
    }' $(find compiler grammar -name '*.[cyl]' ! -name plan_verify.c | sort) -)
tab=$(printf '\t')
while IFS=$tab read -r state file format; do
    passed=$((passed + 1))
    [ "$state" = shown ] || [ "$format" = "$unreachable" ] || wrong "$file: no golden test for: $format"
done <<EOF
$messages
EOF
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 300 ]
