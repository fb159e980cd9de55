#!/bin/sh
# The whole way on a tiny network: compile against the installed tree, train, quantise, infer privately between two processes.
set -u
. "$top_srcdir/tests/e2e/lib.sh"
install_tree
"$top_builddir/tests/support/make_idx" "$(mkdir -p "$tmp/data" && echo "$tmp/data")" 1500 200 16 4 || exit 1
cd "$tmp" || exit 1

ok "cnasc check" cnasc check "$here/tiny.cnas"
ok "cnasc build" cnasc build "$here/tiny.cnas" -o out
ok "generated C compiles without warnings" make -C out
cp -r out again
ok "cnasc build again" cnasc build "$here/tiny.cnas" -o again
ok "same source, same bytes" diff -r --exclude='*.o' --exclude='tiny-*' out again

ok "train" out/tiny-train --data data --seed 7 --engine portable # which promises the same bits for any number of threads
ok "weights and fixed file exist" test -s tiny.safetensors -a -s tiny.fixed.safetensors
mkdir second && cd second && ok "train again" ../out/tiny-train --data ../data --seed 7 --engine portable --threads 1 && cd ..
ok "same seed, same weights, any number of threads" cmp tiny.safetensors second/tiny.safetensors
ok "same fixed file" cmp tiny.fixed.safetensors second/tiny.fixed.safetensors
ok "infer" out/tiny-infer --data data --test
ok "the same network for the clear alone" cnasc build --targets=train,infer "$here/tiny.cnas" -o alone
ok "it compiles" make -C alone
ok "it takes the weights" alone/tiny-infer --data data --test
ok "infer --fixed" out/tiny-infer --fixed --data data --test
right=$(out/tiny-infer --data data --test --json 2>/dev/null | sed -n 's/.*"float_right": *\([0-9]*\).*/\1/p')
ok "it learned something: ${right:-none} of 200 right, chance is 50" test "${right:-0}" -ge 120

sed 's/train {/private { ring = 41; } train {/' "$here/tiny.cnas" >tiny.cnas
ok "cnasc build, with a private section" cnasc build tiny.cnas -o asked
ok "it compiles" make -C asked
ok "quantised as the private section asks" asked/tiny-train --data data --quantize --fixed-out asked.safetensors
cp log said
ok "in its ring" grep -q 'ring of 41 bits' said

privately 10

[ "$bad" = 0 ]
