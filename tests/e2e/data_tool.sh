#!/bin/sh
# cnas-data: what it says of data sets, what it writes and reads back, and each way to be wrong.
set -u
. "$top_srcdir/tests/e2e/lib.sh"
cd "$tmp" || exit 1
export XDG_CACHE_HOME="$tmp/cache"
tool=$top_builddir/cnas-data
make_cifar=$top_builddir/tests/support/make_cifar
mkdir folders binary && "$make_cifar" --folders folders 300 60 6 && "$make_cifar" binary 300 60 6 || exit 1

says() { # NAME PATTERN: of the last ok's output
    if grep -Eq "$2" said; then pass "$1"; else cp said log; fail "$1"; fi
}
same() { # NAME A B: the same files with the same bytes
    ok "$1" diff -r "$2" "$3"
}

ok "help" "$tool" --help
ok "version" "$tool" --version
ok "help of a command" "$tool" convert --help
no "no command" 2 'Usage: cnas-data COMMAND' "$tool"
no "an unknown command" 2 'no command .frobnicate' "$tool" frobnicate
no "no folder" 2 'give the folder' "$tool" info
no "an unknown option" 2 'unknown option' "$tool" info --colour folders

# --- info ---
ok "info of image folders" "$tool" info folders
cp log said
says "form" '^form: image folders$'
says "sizes" '^train: 300 images of 3x32x32$'
says "classes with names and counts" '^ +0 +[0-9]+ +[0-9]+  class 0$'
says "no duplicates" '^normalize: @normalize\(mean = \[0\.[0-9]{4}, 0\.[0-9]{4}, 0\.[0-9]{4}\], std = \[0\.[0-9]{4}, 0\.[0-9]{4}, 0\.[0-9]{4}\]\)'
sed -n 's/   (of train)//; s/^normalize: /network N { input x: tensor[3, 32, 32] /p' said >norm.cnas
echo '; output y = x |> flatten |> linear(6); }' >>norm.cnas
ok "the line fits a .cnas file" "$CNASC" check -w norm.cnas
grep '^[ ]*[0-9]\|^norm' said | sed 's/  class.*//' >of_folders
ok "info of the same set in binary" "$tool" info binary
grep '^[ ]*[0-9]\|^norm' log >of_binary
ok "the same counts and moments" cmp of_folders of_binary
cp -r folders leaky
set -- leaky/test/class\ 1/*
cp "$1" leaky/train/class\ 2/zzz.png
ok "a test image that is trained on" "$tool" info leaky
cp log said
says "it is told, with the label" '^warning: 1 test images are training images too \(the first: test [0-9]+ as train [0-9]+\); 1 of them with another label$'
rm -r leaky/train
ok "a set without training images" "$tool" info leaky
cp log said
says "none" '^train: none$'
says "moments of the test set" '\(of test\)$'
mkdir gap && for i in 1 2 3 4 5; do head -c 3073 binary/data_batch_1.bin >gap/data_batch_$i.bin; done
head -c 3073 binary/data_batch_1.bin >gap/test_batch.bin
{ printf '\005' && head -c 3073 binary/data_batch_1.bin | tail -c 3072; } >gap/data_batch_2.bin
ok "labels with a gap" "$tool" info gap
cp log said
says "classes without images" '^warning: [45] classes have no training image$|^warning: class [0-9] has no training image$'
says "copies" '^warning: 4 training images are there before'

# --- convert: there and back ---
ok "folders to CIFAR" "$tool" convert folders -o c1 --to cifar
ok "to folders" "$tool" convert c1 -o f1 --to=folder
ok "to CIFAR again" "$tool" convert --out c2 --to cifar f1
same "the same bytes" c1 c2
ok "its names come along" grep -qx 'class 3' c1/batches.meta.txt
ok "grey, smaller, as IDX" "$tool" convert folders -o i1 --to idx --channels 1 --resize 16x12
ok "IDX of that size" sh -c 'test "$(head -c 16 i1/t10k-images-idx3-ubyte | od -An -v -tx1 | tr -d " \n")" = 000008030000003c000000100000000c'
ok "to folders, without names" "$tool" convert i1 -o f2 --to folder
ok "numbers are the names" test -d f2/train/5
ok "and back to IDX" "$tool" convert f2 -o i2 --to idx --channels=1
ok "again to folders" "$tool" convert i2 -o f3 --to folder
ok "again to IDX" "$tool" convert f3 -o i3 --to idx --channels=1
same "the same bytes of IDX" i2 i3
no "colour as IDX" 1 'IDX files hold grey images, these have 3' "$tool" convert binary -o no --to idx
no "IDX as CIFAR" 1 'CIFAR files hold images of 3x32x32, these are 1x16x12' "$tool" convert i1 -o no --to cifar
no "a gap as folders" 1 'has no train image' "$tool" convert gap -o no --to folder
no "OUT is there" 1 'c1: is there already' "$tool" convert folders -o c1 --to cifar
no "OUT cannot be" 1 'nowhere/out: cannot make this folder' "$tool" convert folders -o nowhere/out --to cifar
no "an unknown form" 2 "none of idx, cifar, folder" "$tool" convert folders -o no --to png
no "no form" 2 'give the folder' "$tool" convert folders -o no
no "a wrong size" 2 'such as 32x32' "$tool" convert folders -o no --to cifar --resize 32
no "a size with a sign" 2 'such as 32x32' "$tool" convert folders -o no --to cifar --resize 32x+32
no "a size that no number holds" 2 'such as 32x32' "$tool" convert folders -o no --to cifar --resize 32x99999999999999999999999
head -c 3000 binary/data_batch_1.bin >gap/data_batch_3.bin
no "a truncated file" 1 'gap/data_batch_3.bin: .*truncated' "$tool" convert gap -o no --to cifar
no "no data set" 1 'cache: no data set' "$tool" info cache
no "no such folder" 1 'nothing: cannot read' "$tool" info nothing
trap '' XFSZ
no "a full disk" 1 'cannot write it' sh -c 'ulimit -f 100; exec "$@"' sh "$tool" convert folders -o no --to cifar
no "a full disk, image files" 1 'cannot write it|no space|too large' sh -c 'ulimit -f 1; exec "$@"' sh "$tool" convert c1 --resize 200x200 -o no --to folder
trap - XFSZ
ok "nothing is left behind" sh -c '! ls -d no no.tmp-* 2>/dev/null'

# --- split ---
ok "split" "$tool" split binary -o s1 --validation 60 --seed 4
ok "it is a data set" "$tool" info s1
cp log said
says "240 and 60 images" '^train: 240 images'
says "no image in both" '^test: 60 images'
ok "no image in both parts" sh -c '! grep -q warning said'
ok "again" "$tool" split binary -o s2 --validation 60 --seed 4
same "the same split" s1 s2
ok "another seed" "$tool" split binary -o s3 --validation 60 --seed 5
no "another split" 1 '' cmp s1/test_batch.bin s3/test_batch.bin
ok "a share" "$tool" split binary -o s4 --validation 20% --seed 4
same "20 % of 300 are 60" s1 s4
no "all of them" 2 'a number of images or a share' "$tool" split binary -o no --validation 100%
no "too many" 1 'allowed is 1 to 299' "$tool" split binary -o no --validation 300

# --- show ---
ok "a sheet" "$tool" show folders -o sheet.png
cp log said
says "its rows" '^row 6: .*=5 .*  class 5$'
ok "662 x 398 pixels" sh -c 'test "$(head -c 24 sheet.png | tail -c 8 | od -An -v -tx1 | tr -d " \n")" = 000002960000018e'
ok "some images" "$tool" show --part test binary 3 59 -o few.png
cp log said
says "with labels" '^row 1: 3=[0-5] 59=[0-5]$'
ok "the tool reads what it writes" sh -c 'mkdir -p one/test/x && cp few.png one/test/x/a.png && "$1" info one' sh "$tool"
no "no such image" 1 'no image 60: the part has 60' "$tool" show --part test binary 60 -o no.png
no "no number" 2 "is not the number" "$tool" show binary x -o no.png
no "no such part" 2 'train or test' "$tool" show binary --part all -o no.png
no "a sheet that cannot be written" 1 'nowhere/no.png' "$tool" show binary -o nowhere/no.png

# --- killed and interrupted ---
rm -rf cache
n=0
while [ $n -lt 6 ]; do # at different moments of decoding, packing and writing
    "$tool" convert folders -o killed --to cifar >/dev/null 2>&1 &
    child=$!
    sleep 0.0$n
    kill -9 $child 2>/dev/null
    wait $child 2>/dev/null
    [ -d killed ] && { same "whole, for it was done" c1 killed; rm -rf killed; }
    n=$((n + 1))
done
ok "after it was killed" "$tool" convert folders -o killed --to cifar
same "as ever" c1 killed
ok "one pack for each part, and no other file" sh -c 'ls cache/cnas >&2; [ "$(ls cache/cnas | wc -l)" = 2 ]'
"$tool" convert c1 -o stopped --to folder --resize 400x400 >/dev/null 2>log &
child=$!
n=0
while ! ls -d stopped.tmp-*/train >/dev/null 2>&1 && [ $n -lt 200 ]; do # not before it writes
    n=$((n + 1))
    sleep 0.05
done
kill -TERM $child 2>/dev/null
wait $child
status=$?
if [ $status = 130 ] && [ ! -e stopped ] && ! ls -d stopped.tmp-* >/dev/null 2>&1; then pass "interrupted: nothing is left"; else echo "status $status" >>log; fail "interrupted: nothing is left"; fi

[ "$bad" = 0 ]
