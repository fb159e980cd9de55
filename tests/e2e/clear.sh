#!/bin/sh
# A network without a private form: it is trained and used in the clear, and everything that would be private says why it is not there.
set -u
. "$top_srcdir/tests/e2e/lib.sh"
install_tree
"$top_builddir/tests/support/make_idx" "$(mkdir -p "$tmp/data" && echo "$tmp/data")" 1500 200 16 4 || exit 1
cd "$tmp" || exit 1

no "all targets" 1 'not available in private inference.*E0904' cnasc build "$here/clear.cnas" -o out
ok "nothing was written" test ! -e out
ok "the clear targets" cnasc build --targets=train,infer "$here/clear.cnas" -o out
ok "generated C compiles without warnings" make -C out
ok "train" out/plain-train --data data --seed 7
cp log said
ok "it says that there is no fixed-point network" grep -q '^no fixed-point network: Plain was compiled for the clear alone' said
ok "after the accuracy" grep -q '^test accuracy: float [0-9.]* %$' said
ok "only float weights are written" test -s plain.safetensors -a ! -e plain.fixed.safetensors
no "train --quantize" 2 'compiled for the clear alone' out/plain-train --data data --quantize
no "infer --fixed" 2 'compiled for the clear alone' out/plain-infer --fixed --data data --test
no "infer --logits" 2 'label alone' out/plain-infer --data data --index 0 --logits
ok "infer" out/plain-infer --data data --index 0-3
right=$(out/plain-infer --data data --test --json 2>/dev/null | sed -n 's/.*"float_right": *\([0-9]*\).*/\1/p')
ok "it learned something: ${right:-none} of 200 right, chance is 50" test "${right:-0}" -ge 100

sed 's/argmax/softmax/' "$here/clear.cnas" >soft.cnas
ok "softmax as the result" cnasc build --targets=train,infer soft.cnas -o soft
ok "it compiles" make -C soft
no "weights of another network are refused" 1 'plain' soft/plain-infer --data data --index 0 --logits
ok "train" soft/plain-train --data data --epochs 1 --out soft.safetensors
ok "infer --logits" soft/plain-infer --weights soft.safetensors --data data --index 0 --logits
sum=$(sed -n 's/^  [0-9]*: //p' "$tmp/log" | awk '{ sum += $1 } END { print sum }')
ok "its numbers are probabilities: their sum is $sum" awk "BEGIN { exit !(${sum:-0} > 0.9999 && ${sum:-0} < 1.0001) }"

[ "$bad" = 0 ]
