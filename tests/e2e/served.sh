#!/bin/sh
# -O2: inference with composed weights has the same logits as the trained network, up to rounding, from the same weight file.
set -u
. "$top_srcdir/tests/e2e/lib.sh"
install_tree
"$top_builddir/tests/support/make_idx" "$(mkdir -p "$tmp/data" && echo "$tmp/data")" 1500 200 16 4 || exit 1
cd "$tmp" || exit 1

ok "as it is trained" cnasc build -O1 --verify "$here/served.cnas" -o plain
ok "with composed weights" cnasc build -O2 --verify "$here/served.cnas" -o served
ok "-O1 writes no network for inference" test ! -e plain/served_served.c
ok "-O2 does" test -s served/served_served.c -a -s served/served_compose.c
ok "plain compiles without warnings" make -C plain
ok "served compiles without warnings" make -C served
ok "twice the same bytes" cnasc build -O2 "$here/served.cnas" -o again
ok "(compared)" cmp served/served_compose.c again/served_compose.c
before=$(sed -n 's/.* \([0-9]*\) for an image become.*/\1/p' served/served_compose.c) after=$(tr '\n' ' ' <served/served_compose.c | sed -n 's/.*for an image become[^0-9]*\([0-9]*\)\. Numbers.*/\1/p')
ok "fewer multiply-accumulates: $before become $after" test "${after:-0}" -gt 0 -a "${after:-0}" -lt "${before:-0}"
ok "train" plain/served-train --data data --seed 7 --out trained.safetensors
ok "logits as trained" plain/served-infer --weights trained.safetensors --data data --index 0-49 --logits
cp log trained
ok "logits as served" served/served-infer --weights trained.safetensors --data data --index 0-49 --logits
cp log composed
ok "the same labels" test "$(grep class trained)" = "$(grep class composed)"
ok "the same logits up to rounding, of 200" awk '
    /^  [0-9]/ { if (FNR == NR) want[FNR] = $2; else { n++; d = $2 - want[FNR]; if (d < 0) d = -d; if (d > 1e-3) wrong++ } }
    END { exit !(n == 200 && !wrong) }' trained composed
ok "the fixed-point network is that of the trained one" cmp plain/served_fixed.c served/served_fixed.c
right=$(served/served-infer --weights trained.safetensors --data data --test --json 2>/dev/null | sed -n 's/.*"float_right": *\([0-9]*\).*/\1/p')
ok "it learned something: ${right:-none} of 200 right, chance is 50" test "${right:-0}" -ge 100
no "private inference alone has no use for it" 1 E0825 cnasc build -O1 --dump-after=collapse-linear "$here/served.cnas"
cnasc build -O2 --targets=client,server "$here/served.cnas" -o parties >log 2>&1
ok "so it is not written there" test -s parties/served_client.c -a ! -e parties/served_served.c

[ "$bad" = 0 ]
