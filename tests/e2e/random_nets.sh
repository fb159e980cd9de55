#!/bin/sh
# Random networks through lower, emit and the C compiler; then on each tests/unit/test_generated.c: gradients against finite differences,
# batches, and the folded integer network against float inference; and tests/unit/test_oracle.c: the executor gives the same bits.
# CNAS_SEED gives the first network, CNAS_COUNT how many.
set -u
first=${CNAS_SEED:-1}
count=${CNAS_COUNT:-6}
unset CNAS_SEED # the random images and weights stay the same
of() { sed -n "s/^$1 = //p" "$top_builddir/Makefile"; }
cc=$(of CC) cflags="$(of CFLAGS) $(of SODIUM_CFLAGS)" ldflags=$(of LDFLAGS) check="$(of CHECK_LIBS)"
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT INT TERM
$cc -std=gnu11 -w $cflags -DNET=random -I"$top_srcdir" -I"$top_srcdir/runtime/include" -c -o "$out/walk.o" "$top_srcdir/tests/unit/test_oracle.c" || exit 1
failed=0 seed=$first done=0
while [ $done -lt "$count" ]; do
    dir=$out/$seed
    mkdir "$dir" || exit 1
    if "$top_builddir/tests/unit/lower_tool" random $seed "$dir" 2>"$dir/why"; then
        $cc -std=gnu11 -w $cflags -DRANDOM_NET -DNET=random -I"$top_srcdir/runtime/include" -I"$dir" -c -o "$dir/test.o" "$top_srcdir/tests/unit/test_generated.c" &&
            $cc -std=c11 -Wall -Wextra -Werror $cflags -I"$top_srcdir/runtime/include" -c -o "$dir/net.o" "$dir/random.c" &&
            fixed= && if [ -f "$dir/random_fixed.c" ]; then
                fixed=$dir/fixed.o
                $cc -std=c11 -Wall -Wextra -Werror $cflags -I"$top_srcdir/runtime/include" -c -o "$fixed" "$dir/random_fixed.c"
            fi &&
            "$top_builddir/libtool" --silent --mode=link $cc $cflags $ldflags -o "$dir/test" "$dir/test.o" "$dir/net.o" $fixed \
                "$top_builddir/libcnas.la" $check -lm &&
            "$top_builddir/libtool" --silent --mode=link $cc $cflags $ldflags -o "$dir/walk" "$out/walk.o" "$dir/net.o" $fixed \
                "$top_builddir/libcnasoracle.la" "$top_builddir/libcnascomp.la" "$top_builddir/libcnas.la" $check -lm &&
            "$dir/test" && CNAS_IR=$dir "$dir/walk" || { echo "network $seed fails: CNAS_SEED=$seed CNAS_COUNT=1"; failed=1; }
    else
        cat "$dir/why"
        failed=1
    fi
    done=$((done + 1))
    seed=$((seed + 1))
done
exit $failed
