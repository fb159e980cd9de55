#!/bin/sh
# Colour images: CIFAR's binary files through training, inference and the private client.
set -u
. "$top_srcdir/tests/e2e/lib.sh"
install_tree
"$top_builddir/tests/support/make_cifar" "$(mkdir -p "$tmp/data" && echo "$tmp/data")" 1500 200 6 || exit 1
cd "$tmp" || exit 1

ok "cnasc build" cnasc build "$here/colour.cnas" -o out
ok "generated C compiles without warnings" make -C out
ok "help names the forms" sh -c 'out/colour-train --help | grep -q CIFAR-100'
ok "train one epoch" out/colour-train --data data --seed 7
cp log said
ok "it says what it read" grep -q '^data: 1500 training and 200 test images of 3x32x32' said
right=$(out/colour-infer --data data --test --json 2>/dev/null | sed -n 's/.*"float_right": *\([0-9]*\).*/\1/p')
ok "it learned something: ${right:-none} of 200 right, chance is 33" test "${right:-0}" -ge 80
ok "infer --index" out/colour-infer --fixed --data data --index 0-3
out/colour-server --listen 127.0.0.1:0 --port-file port --key server.key --once >server.log 2>&1 &
server=$!
children="$children $server"
n=0
while [ ! -s port ] && [ $n -lt 200 ] && kill -0 $server 2>/dev/null; do
    n=$((n + 1))
    sleep 0.1
done
ok "the client takes images of the set by index" out/colour-client --connect "127.0.0.1:$(cat port)" --key server.key.pub --data data \
    --index 0-1 --check colour.fixed.safetensors

cp -r data cut && head -c 5000 data/data_batch_3.bin >cut/data_batch_3.bin
no "truncated" 1 'cut/data_batch_3.bin: .*truncated' out/colour-train --data cut --fresh
rm cut/data_batch_3.bin
no "a batch is missing" 1 'cut/data_batch_3.bin: .*no such file' out/colour-train --data cut --fresh
mkdir empty
no "no data set there" 1 'empty: no data set' out/colour-train --data empty --fresh
"$top_builddir/tests/support/make_cifar" "$(mkdir ten && echo ten)" 100 50 10
no "labels that the network has no class for" 1 'label 9.*6 classes' out/colour-train --data ten --fresh
ok "the weights are as they were" out/colour-infer --data data --test

[ "$bad" = 0 ]
