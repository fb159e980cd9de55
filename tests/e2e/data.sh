#!/bin/sh
# Colour images: CIFAR's binary files and image folders through training, inference and the private client.
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

# --- image folders: the same images as files ---
export XDG_CACHE_HOME="$tmp/cache"
"$top_builddir/tests/support/make_cifar" --folders "$(mkdir folders && echo folders)" 300 60 6 || exit 1
"$top_builddir/tests/support/make_cifar" "$(mkdir binary && echo binary)" 300 60 6
ok "train on folders" out/colour-train --data folders --seed 7 --out folders.safetensors
cp log said
ok "it says what it read" grep -q '^data: 300 training and 60 test images of 3x32x32' said
ok "two packs are kept" sh -c '[ "$(ls cache/cnas/*.pack | wc -l)" = 2 ]'
ok "from the packs" out/colour-train --data folders --seed 7 --out packed.safetensors
ok "the same weights" cmp folders.safetensors packed.safetensors
out/colour-infer --data folders --test --json 2>/dev/null >of_folders
out/colour-infer --data binary --test --json 2>/dev/null >of_binary
ok "as many right answers as on the same images in binary" sh -c \
    '[ "$(grep float_right of_folders)" = "$(grep float_right of_binary)" ] && grep -q float_right of_folders'
set -- folders/test/class\ 0/*
ok "an image file of a folder" out/colour-infer "$1"
head -c 200 "$1" >cut.png && mv cut.png "$1"
no "a truncated image is named" 1 "$1: " out/colour-infer --data folders --test
rm folders/test/class\ 0/*
no "a class without images" 1 'class 0: no image' out/colour-infer --data folders --test

[ "$bad" = 0 ]
