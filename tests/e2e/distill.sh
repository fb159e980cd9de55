#!/bin/sh
# Distillation between two generated programs: one network's answers teach another, on each engine; interrupted, the same bits.
set -u
. "$top_srcdir/tests/e2e/lib.sh"
install_tree
"$top_builddir/tests/support/make_idx" "$(mkdir -p "$tmp/data" && echo "$tmp/data")" 1200 200 16 4 || exit 1
cd "$tmp" || exit 1
export XDG_CACHE_HOME="$tmp/cache"

for network in tiny clear; do
    ok "cnasc build: $network" cnasc build --targets=train,infer "$here/$network.cnas" -o $network
    ok "make: $network" make -C $network
done
# A program that embeds the library needs this header too.
printf '#include <cnas/distill.h>\nint main(void) { struct cnas_soft_labels *s = 0; cnas_soft_labels_free(&s); return 0; }\n' >one.c
ok "the header is installed and stands alone" sh -c '$CC $CFLAGS one.c -o one $(pkg-config --cflags --libs cnas) && ./one'

held="--data data --validation 100"
ok "the teacher" tiny/tiny-train $held --epochs 6 --out teacher.safetensors
for engine in portable auto; do
    ok "$engine: its answers" tiny/tiny-train $held --augment flip,crop=1 --out teacher.safetensors --engine $engine --write-soft-labels soft-$engine --views 3
    cp "$tmp/log" said
    ok "$engine: how fast" grep -q '^answered for .* images/s with saving; peak memory' said
    ok "$engine: for so many images" grep -q '^data: 1100 training, 100 validation' said
    student="$held --soft-labels soft-$engine --epochs 8 --seed 3 --batch 50 --engine $engine --loader-threads 1"
    ok "$engine: the student" clear/plain-train $student --out $engine.safetensors --log $engine.jsonl
    cp "$tmp/log" said
    ok "$engine: it says who teaches" grep -q '^distillation: the answers of Tiny for 3 views of each image; weight 0.9, temperature 4$' said
    ok "$engine: the log says it too" grep -q '"soft_labels":{"teacher":"Tiny","views":3,' $engine.jsonl
    right=$(sed -n 's/^test accuracy: float \([0-9]*\).*/\1/p' said)
    ok "$engine: it learned something: ${right:-no} %, chance is 25" test "${right:-0}" -ge 60
    clear/plain-train $student --out $engine.parts.safetensors >"$tmp/log" 2>&1 &
    child=$!
    children="$children $child"
    until [ -s $engine.parts.safetensors.checkpoint ] || ! kill -0 $child 2>/dev/null; do sleep 0.01; done
    kill -INT $child
    wait $child
    ok "$engine: gone on with" clear/plain-train $student --out $engine.parts.safetensors
    ok "$engine: same bits" cmp $engine.safetensors $engine.parts.safetensors
done
if grep -q '^engine: dnnl' said; then
    answers="tiny/tiny-train $held --augment flip,crop=1 --out teacher.safetensors --write-soft-labels soft-bf16 --views 3"
    ok "bf16: its answers" $answers --precision bf16
    cp "$tmp/log" said
    ok "bf16: it says so" grep -q '^engine: dnnl, bf16' said
    no "bf16: other numbers" 1 'differ' cmp soft-bf16 soft-auto
    ok "bf16: its file is complete for fp32 too" $answers
    ok "two teachers" clear/plain-train $held --soft-labels soft-bf16 --soft-labels soft-portable --epochs 8 --seed 3 --batch 50 --out two.safetensors
    right=$(sed -n 's/^test accuracy: float \([0-9]*\).*/\1/p' "$tmp/log")
    ok "two teachers: their student learned something: ${right:-no} %, chance is 25" test "${right:-0}" -ge 60
fi
ok "the labels alone" clear/plain-train $held --epochs 8 --seed 3 --batch 50 --engine portable --out alone.safetensors --augment flip,crop=1
no "are another training" 1 'differ' cmp alone.safetensors portable.safetensors
# What the source says of teachers, and nothing of it without one.
sed 's/train {/train { distill = soft_labels(weight = 0.25, temperature = 2.5);/' "$here/clear.cnas" >said.cnas
ok "cnasc build: a network that says how it learns from a teacher" cnasc build --targets=train said.cnas -o told
ok "make: the same" make -C told
ok "the source's weight" told/plain-train $held --soft-labels soft-portable --epochs 1 --out told.safetensors
cp "$tmp/log" said
ok "is what counts" grep -q '^distillation: .*; weight 0.25, temperature 2.5$' said
ok "the option's temperature" told/plain-train $held --soft-labels soft-portable --epochs 1 --out told.safetensors --temperature 5 --fresh
cp "$tmp/log" said
ok "is what counts then" grep -q '^distillation: .*; weight 0.25, temperature 5$' said
ok "a recipe by name" told/plain-train --preset fast --print-recipe
cp "$tmp/log" said
ok "says nothing of teachers" grep -q '^ *distill = soft_labels(weight = 0.25, temperature = 2.5);$' said
ok "no teacher" told/plain-train $held --epochs 1 --out told.safetensors --fresh --log told.jsonl
cp "$tmp/log" said
ok "nothing is said of one" test "$(cat told.jsonl said | grep -c 'distill\|temperature')" = 0
no "a student without the validation set of its teacher" 1 'soft labels of 1100 training images and 4 classes, where there are 1200 and 4' \
    clear/plain-train --data data --soft-labels soft-auto --out x.safetensors
no "a student of another teacher's student" 1 'with another "network" are there already' \
    clear/plain-train $held --augment flip,crop=1 --out portable.safetensors --write-soft-labels soft-auto --views 9
[ "$bad" = 0 ]
