#!/bin/sh
# Text to text: every tests/golden/STAGE/x.cnas must give x.want.
#   parse: the syntax tree as canonical text, which must parse to itself;  sema: the IR;
#   errors: the diagnostics (errors or warnings), and exit status 1 if there is an error.
# A first line `// options: ...` goes to front_dump. To rewrite the .want files, and then review them like code:
#   top_srcdir=. top_builddir=build tests/golden/front.sh --bless
set -u
here=$(cd "${top_srcdir:?}" && pwd)/tests/golden
dump=$(cd "${top_builddir:?}" && pwd)/tests/support/front_dump
bless=${1:-}
passed=0 failed=0
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

compare() { # STAGE NAME: $tmp/got against NAME.want
    if [ "$bless" = --bless ]; then
        cp "$tmp/got" "$2.want"
    elif cmp -s "$tmp/got" "$2.want"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: $1/$2"
        diff -u "$2.want" "$tmp/got"
    fi
}

wrong() { # STAGE/NAME why
    failed=$((failed + 1))
    echo "FAIL: $1: $2"
    cat "$tmp/got" "$tmp/said"
}

for stage in parse sema errors; do
    cd "$here/$stage" || exit 1
    for file in *.cnas; do
        name=${file%.cnas}
        options=$(sed -n '1s,^// options: ,,p' "$file")
        case $stage in
        parse)
            "$dump" ast $options "$file" > "$tmp/got" 2> "$tmp/said" || { wrong "$stage/$name" "errors"; continue; }
            "$dump" ast $options "$tmp/got" > "$tmp/again" 2>> "$tmp/said"
            cmp -s "$tmp/got" "$tmp/again" || { wrong "$stage/$name" "the text does not parse to itself"; continue; }
            ;;
        sema)
            "$dump" ir $options "$file" > "$tmp/got" 2> "$tmp/said" || { wrong "$stage/$name" "errors"; continue; }
            ;;
        errors)
            "$dump" check $options "$file" > /dev/null 2> "$tmp/got"
            status=$?
            : > "$tmp/said"
            if grep -q ': error:' "$tmp/got"; then expected=1; else expected=0; fi
            [ "$status" = "$expected" ] || { wrong "$stage/$name" "exit status $status"; continue; }
            ;;
        esac
        compare "$stage" "$name"
    done
done
echo "CASES: $passed passed, $failed failed"
[ "$failed" = 0 ] && { [ "$passed" -gt 0 ] || [ "$bless" = --bless ]; }
