#!/bin/sh
# Transcripts: every line of tests/golden/*/NAME.cmd is run by sh, and what it prints and its exit status if that is not 0 must be
# what NAME.want says. Lines that start with # are copied. Each .cmd runs in its folder of a scratch copy of all of them, so it may
# write files there; `cnasc` is the one just built.   golden.sh [FOLDER...]    BLESS=1: rewrite the .want files that differ (see bless.sh)
set -u
here=$(cd "$(dirname "$0")" && pwd)
CNASC=$(realpath "${CNASC:-cnasc}") # the links below need it absolute
[ -x "$CNASC" ] || { echo "golden.sh: CNASC=$CNASC is no program"; exit 2; }
export CNASC
scratch=$(mktemp -d) || exit 2
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT INT TERM
mkdir "$scratch/bin"
ln -s "$CNASC" "$scratch/bin/cnasc"
PATH=$scratch/bin:$PATH
LC_ALL=C
unset NO_COLOR MAKEFLAGS MAKELEVEL
export PATH LC_ALL

transcript() { # of $1.cmd, in the current folder
    while IFS= read -r line; do
        printf '%s\n' "$line" | sed '/^#/!s/^./$ &/'
        case $line in '#'* | '') continue ;; esac
        sh -c "$line" </dev/null 2>&1
        status=$?
        [ $status -eq 0 ] || echo "exit $status"
    done <"$1.cmd"
}

passed=0 failed=0
[ $# -gt 0 ] || set -- $(cd "$here" && ls */*.cmd | sed 's,/.*,,' | sort -u)
for folder; do
    for cmd in "$here/$folder"/*.cmd; do
        name=$(basename "$cmd" .cmd)
        rm -rf "$scratch/work" && cp -R "$here" "$scratch/work" && chmod -R u+w "$scratch/work" || exit 2
        (cd "$scratch/work/$folder" && transcript "$name") >"$scratch/got" 2>&1
        if cmp -s "$scratch/got" "$here/$folder/$name.want"; then
            passed=$((passed + 1))
        elif [ -n "${BLESS:-}" ]; then
            cp "$scratch/got" "$here/$folder/$name.want"
            echo "blessed $folder/$name.want"
        else
            failed=$((failed + 1))
            echo "FAILED $folder/$name:"
            diff -u "$here/$folder/$name.want" "$scratch/got"
        fi
    done
done
echo "CASES: $passed passed, $failed failed"
[ $failed -eq 0 ] && [ $((passed + failed)) -gt 0 -o -n "${BLESS:-}" ]
