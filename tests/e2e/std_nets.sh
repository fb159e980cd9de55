#!/bin/sh
# The standard library's blocks as they run: each network of tests/golden/std, compiled, against tests/unit/test_generated.c: gradients
# against finite differences, batches, and the folded integer network against float inference. NETS gives fewer of them.
set -u
of() { sed -n "s/^$1 = //p" "$top_builddir/Makefile"; }
cc=$(of CC) cflags="$(of CFLAGS) $(of SODIUM_CFLAGS)" ldflags=$(of LDFLAGS) check="$(of CHECK_LIBS)"
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT INT TERM
failed=0
for name in ${NETS:-cnet cnet_odd mobile resnet vgg wide_resnet}; do
    dir=$out/$name
    "$CNASC" build "$top_srcdir/tests/golden/std/$name.cnas" -o "$dir" &&
        $cc -std=gnu11 -w $cflags -DNET=n -I"$top_srcdir/runtime/include" -I"$dir" -c -o "$dir/test.o" "$top_srcdir/tests/unit/test_generated.c" &&
        $cc -std=c11 -Wall -Wextra -Werror $cflags -I"$top_srcdir/runtime/include" -c -o "$dir/net.o" "$dir/n.c" &&
        $cc -std=c11 -Wall -Wextra -Werror $cflags -I"$top_srcdir/runtime/include" -c -o "$dir/fixed.o" "$dir/n_fixed.c" &&
        "$top_builddir/libtool" --silent --mode=link $cc $cflags $ldflags -o "$dir/test" "$dir/test.o" "$dir/net.o" "$dir/fixed.o" \
            "$top_builddir/libcnas.la" $check -lm &&
        "$dir/test" || { echo "FAILED $name"; failed=1; }
done
exit $failed
