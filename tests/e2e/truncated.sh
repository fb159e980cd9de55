#!/bin/sh
# A network that truncates where no ReLU does it, privately: the values that the pass fixed-point marks are the plan's, and the result of
# two processes is that of the clear fixed-point network, bit for bit.
set -u
. "$top_srcdir/tests/e2e/lib.sh"
install_tree
"$top_builddir/tests/support/make_idx" "$(mkdir -p "$tmp/data" && echo "$tmp/data")" 600 100 16 4 || exit 1
cd "$tmp" || exit 1

cnasc build --dump-after=fixed-point "$here/truncated.cnas" | sed -n 's/^%\([a-z0-9_]*\) = .* rescale .*/\1/p' >marked
ok "two values are marked" test "$(cat marked | tr '\n' ' ')" = "stem_batch_norm b_add "
cnasc build --verify --emit=plan "$here/truncated.cnas" | sed -n 's/^  \([a-z0-9_]*\)_rescale rescale .*/\1/p' >planned
ok "they are the plan's" cmp marked planned
ok "cnasc build" cnasc build "$here/truncated.cnas" -o out
ok "generated C compiles without warnings" make -C out
ok "train" out/truncated-train --data data --seed 7
ok "the fixed-point network answers as the trained one" out/truncated-infer --fixed --data data --test
network=truncated privately 5

[ "$bad" = 0 ]
