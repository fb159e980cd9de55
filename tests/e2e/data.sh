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

{ printf 'P6 40 20 255\n' && head -c 2400 data/test_batch.bin; } >wide.ppm
no "an image of another size" 1 'wide.ppm: .*40 pixels wide and 20 high, this network takes 32 x 32; --resize' out/colour-infer wide.ppm
ok "resampled" out/colour-infer --resize wide.ppm
cp log said
ok "it has a class" grep -q '^wide.ppm: class [0-5]$' said
no "the client refuses it too" 1 'wide.ppm: .*--resize' out/colour-client --key "$(printf '%064d' 0)" wide.ppm

cp -r data cut && head -c 5000 data/data_batch_3.bin >cut/data_batch_3.bin
no "truncated" 1 'cut/data_batch_3.bin: .*truncated' out/colour-train --data cut --fresh
rm cut/data_batch_3.bin
no "a batch is missing" 1 'cut/data_batch_3.bin: .*no such file' out/colour-train --data cut --fresh
mkdir empty
no "no data set there" 1 'empty: no data set' out/colour-train --data empty --fresh
"$top_builddir/tests/support/make_cifar" "$(mkdir ten && echo ten)" 100 50 10
mkdir three && "$top_builddir/tests/support/make_cifar" three 100 50 3
ok "classes without images" out/colour-train --data three --fresh --out three.safetensors
cp log said
ok "a warning names them" grep -q "warning: 3 of the network's 6 classes have no training image: 3, 4, 5" said
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
rm -rf cache && : >cache
ok "without a cache" out/colour-train --data folders --seed 7 --out uncached.safetensors
cp log said
ok "a warning says so" grep -q 'colour-train: warning: the decoded images are not kept: .*/cache/cnas/[0-9a-f]*.pack: cannot create' said
ok "the same weights without" cmp folders.safetensors uncached.safetensors
rm cache
ok "the same weights" cmp folders.safetensors packed.safetensors
out/colour-infer --data folders --test --json 2>/dev/null >of_folders
out/colour-infer --data binary --test --json 2>/dev/null >of_binary
ok "as many right answers as on the same images in binary" sh -c \
    '[ "$(grep float_right of_folders)" = "$(grep float_right of_binary)" ] && grep -q float_right of_folders'
ok "images of another size" "$top_builddir/cnas-data" convert data -o small --to folder --resize 20x16
no "they are refused" 1 'small: part train: the images are 3x20x16, network .Colour. takes 3x32x32; --resize' out/colour-train --data small --fresh --out small.safetensors
ok "train on them" out/colour-train --data small --resize --seed 7 --fresh --out small.safetensors
ok "test on them" out/colour-infer --data small --resize --test --weights small.safetensors
right=$(out/colour-infer --data small --resize --test --json --weights small.safetensors 2>/dev/null | sed -n 's/.*"float_right": *\([0-9]*\).*/\1/p')
ok "it learned something: ${right:-none} of 200 right, chance is 33" test "${right:-0}" -ge 80
set -- folders/test/class\ 0/*
ok "an image file of a folder" out/colour-infer "$1"
head -c 200 "$1" >cut.png && mv cut.png "$1"
no "a truncated image is named" 1 "$1: " out/colour-infer --data folders --test
rm folders/test/class\ 0/*
no "a class without images" 1 'class 0: no image' out/colour-infer --data folders --test

[ "$bad" = 0 ]
