#!/bin/sh
# The inputs that fuzzing found, and those that once broke something: nothing crashes, leaks, takes long or much memory.
set -u
here=$(cd "${top_srcdir:?}" && pwd)/tests/fuzz
passed=0 failed=0
for target in front ir; do
    said=$("${top_builddir:?}/tests/fuzz/replay_$target" "$here/corpus/$target" "$here/regressions/$target")
    status=$?
    printf '%s: %s\n' "$target" "$said"
    counts=$(printf '%s\n' "$said" | sed -n '$s/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p')
    set -- ${counts:-0 1}
    [ "$status" = 0 ] || [ "$2" -gt 0 ] || set -- "$1" 1
    passed=$((passed + $1)) failed=$((failed + $2))
done
echo "CASES: $passed passed, $failed failed"
[ "$failed" = 0 ]
