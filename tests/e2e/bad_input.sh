#!/bin/sh
# What goes wrong in the hands of a user: each case must name its cause, exit with the right status, and leave nothing half-written.
# Bad peers and bad options of the server and client programs: private.sh; of the training and inference programs: test_cli.sh.
set -u
. "$top_srcdir/tests/e2e/lib.sh"
install_tree
cd "$tmp" || exit 1
mkdir data large
"$top_builddir/tests/support/make_idx" data 600 60 16 4 || exit 1
"$top_builddir/tests/support/make_idx" large 60 60 28 4 || exit 1

# --- source text ---
: >empty.cnas
head -c 3000 /dev/zero >zero.cnas
head -c 3000 "$(command -v cnasc)" >binary.cnas
{ printf 'network N { input x: tensor[1, 4, 4]; y = 1'; head -c 1000000 /dev/zero | tr '\0' '+'; printf '1; output z = x; }\n'; } >long.cnas
printf 'import b;\nnetwork A { input x: tensor[1, 4, 4]; output y = x; }\n' >a.cnas
printf 'import a;\n' >b.cnas
cat >name.cnas <<'TXT'
network N {
    input x: tensor[1, 8, 8];
    output y = x |> bach_norm |> global_avg_pool |> linear(2);
}
TXT
cat >shape.cnas <<'TXT'
network N {
    input x: tensor[1, 8, 8];
    a = x |> conv(3, kernel = 3);
    b = x |> conv(4, kernel = 3, stride = 2);
    output y = a + b |> global_avg_pool |> linear(2);
}
TXT
cat >budget.cnas <<'TXT'
@relu_budget(100)
network N(w: int = 4) {
    input x: tensor[1, 8, 8];
    output y = x |> conv(w, kernel = 3) |> relu |> global_avg_pool |> linear(2);
}
TXT
printf 'network N { input x: tensor[1, 4, 4]; h = x; for i in 0 .. 15000 { h = h |> relu |> batch_norm; } output y = h; }\n' >deep.cnas
for command in check "build -o made"; do
    no "$command: 30,000 layers" 1 'layers' cnasc $command deep.cnas
    no "$command: missing file" 2 'nowhere.cnas.*no such file' cnasc $command nowhere.cnas
    no "$command: empty" 1 'empty.cnas:.*error: .*network' cnasc $command empty.cnas
    no "$command: zeros" 1 'zero.cnas:1:1: error' cnasc $command zero.cnas
    no "$command: binary" 1 'binary.cnas:.*error' cnasc $command binary.cnas
    no "$command: 1 MB on one line" 1 'long.cnas:1:.*error' cnasc $command long.cnas
    ok "$command: the message about it is short" test "$(wc -c <log)" -lt 8000
    no "$command: cyclic import" 1 'b.cnas:1:8: error: .*circle' cnasc $command a.cnas
    no "$command: unknown name" 1 'name.cnas:3:.*error.*bach_norm' cnasc $command name.cnas
    cp log said
    ok "$command: ... and what was meant" grep -q 'did you mean.*batch_norm' said
    ok "$command: ... with a caret" grep -q '\^' said
    no "$command: shapes do not fit" 1 'shape.cnas:5:.*3x8x8.*4x4x4|shape.cnas:5:.*4x4x4.*3x8x8' cnasc $command shape.cnas
    no "$command: broken budget" 1 'budget.cnas:1:.*error.*256' cnasc $command budget.cnas
    ok "$command: nothing written" test ! -e made
done
no "a folder that cannot be made" 2 'a.cnas|not a directory|cannot' cnasc build "$here/tiny.cnas" -o budget.cnas/out

# --- data and weights ---
cnasc build "$here/tiny.cnas" -o out && make -s -C out || exit 1
no "no data" 1 'nowhere' out/tiny-train --data nowhere
mkdir cut && cp data/* cut/ && head -c 5000 data/train-images-idx3-ubyte >cut/train-images-idx3-ubyte
no "truncated data" 1 'train-images-idx3-ubyte' out/tiny-train --data cut
no "data of another size" 1 '16x16|28x28' out/tiny-train --data large
no "nothing half-written" 2 'no such file' ls tiny.safetensors tiny.fixed.safetensors
ok "train" out/tiny-train --data data --epochs 1
head -c 700 tiny.safetensors >cut.safetensors
no "truncated weights" 1 'cut.safetensors' out/tiny-infer --data data --test --weights cut.safetensors
: >none.safetensors
no "empty weights" 1 'none.safetensors' out/tiny-infer --data data --test --weights none.safetensors
no "missing weights" 1 'nowhere.safetensors.*no such file' out/tiny-infer --data data --test --weights nowhere.safetensors
head -c 700 tiny.fixed.safetensors >cut.fixed.safetensors
no "truncated fixed file" 1 'cut.fixed.safetensors' out/tiny-infer --data data --test --fixed=cut.fixed.safetensors
no "server: truncated fixed file" 1 'cut.fixed.safetensors' out/tiny-server --fixed cut.fixed.safetensors --listen 127.0.0.1:0
sed 's/network Tiny(w: int = 4)/network Tiny(w: int = 6)/; s/2k/3k/' "$here/tiny.cnas" >tiny.cnas
cnasc build tiny.cnas -o other && make -s -C other || exit 1
no "weights of another network" 1 'shape|network' other/tiny-infer --data data --test --weights tiny.safetensors
no "fixed file of another network" 1 'network' other/tiny-infer --data data --test --fixed=tiny.fixed.safetensors

# --- peers ---
serve --deadline 2
no "no key pinned" 2 'key' out/tiny-client --connect "127.0.0.1:$port" --data data --index 0
no "a wrong server key" 1 'key' out/tiny-client --connect "127.0.0.1:$port" --data data --index 0 \
    --key 0900000000000000000000000000000000000000000000000000000000000000
no "another build of the network" 1 'network|build' other/tiny-client --connect "127.0.0.1:$port" --data data --index 0 \
    --key server.key.pub
for bytes in 0 1 40 5000 1000000; do
    ok "a peer that sends $bytes random bytes" "$top_builddir/tests/support/hostile" 127.0.0.1 "$port" $bytes 0 $bytes
done
ok "a peer that stalls" "$top_builddir/tests/support/hostile" 127.0.0.1 "$port" 3 4
no "nobody listens" 1 'connect' out/tiny-client --connect 127.0.0.1:1 --wait 1 --data data --index 0 --key server.key.pub
ok "the server still serves" out/tiny-client --connect "127.0.0.1:$port" --key server.key.pub --data data --index 0-2 \
    --check tiny.fixed.safetensors

[ "$bad" = 0 ]
