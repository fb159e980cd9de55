#!/bin/sh
# Golden tests of lower and emit: each tests/golden/plan/NAME.ir gives NAME.plan, and, where tests/golden/emit/NAME is a folder, exactly
# the files in it. All generated C must pass -Wall -Wextra -Werror with every compiler at hand. CNAS_BLESS=1 rewrites instead.
set -u
golden=$top_srcdir/tests/golden
tool=$top_builddir/tests/unit/lower_tool
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT INT TERM
failed=0
for ir in "$golden"/plan/*.ir; do
    name=$(basename "$ir" .ir)
    "$tool" plan "$ir" >"$out/plan" || failed=1
    if [ -n "${CNAS_BLESS-}" ]; then cp "$out/plan" "$golden/plan/$name.plan"; fi
    diff -u "$golden/plan/$name.plan" "$out/plan" || failed=1
    mkdir "$out/$name" || exit 1
    "$tool" c "$ir" "$out/$name" || failed=1
    for cc in "${CC:-cc}" gcc clang; do
        command -v ${cc%% *} >/dev/null || continue
        for c in "$out/$name"/*.c; do
            $cc -std=c11 -Wall -Wextra -Werror -fsyntax-only -I"$top_srcdir/runtime/include" "$c" || { echo "$name: $cc refuses $c"; failed=1; }
        done
    done
    [ -d "$golden/emit/$name" ] || continue
    if [ -n "${CNAS_BLESS-}" ]; then cp "$out/$name"/* "$golden/emit/$name/"; fi
    diff -ru -x '*.o' -x .deps -x .dirstamp "$golden/emit/$name" "$out/$name" || failed=1 # objects: of a build in the source tree
done
exit $failed
