#!/bin/sh
# Training on the engine: the same bits after an interruption, whatever happened to the cache of measurements; what can go wrong with
# oneDNN, the cache and the options.
set -u
. "$top_srcdir/tests/e2e/lib.sh"
install_tree
"$top_builddir/tests/support/make_idx" "$(mkdir -p "$tmp/data" && echo "$tmp/data")" 1500 200 16 4 || exit 1
cd "$tmp" || exit 1
export XDG_CACHE_HOME="$tmp/cache" # so that every run measures or recalls what this test says
mkdir fake cache && : >fake/libdnnl.so.2

ok "cnasc build" cnasc build --targets=train,infer "$here/tiny.cnas" -o out
ok "generated C compiles without warnings" make -C out
printf '#!/bin/sh\nexec out/tiny-train --data data --seed 7 --batch 64 "$@"\n' >train
printf '#!/bin/sh\nLD_LIBRARY_PATH=fake:$LD_LIBRARY_PATH exec ./train "$@"\n' >without # oneDNN cannot be loaded
chmod +x train without

no "an engine that does not exist" 2 'none of auto, portable and dnnl' ./train --engine cuda
no "a precision that does not exist" 2 'neither fp32 nor bf16' ./train --precision fp16
ok "portable" ./train --engine portable --epochs 3 --out portable.safetensors --profile
cp "$tmp/log" said
ok "it says so" grep -q '^engine: portable, fp32$' said
ok "and that it has no profile" grep -q 'only the engine dnnl keeps one' said
ok "portable, one thread" ./train --engine portable --epochs 3 --threads 1 --out portable1.safetensors
ok "portable: same bits for any number of threads" cmp portable.safetensors portable1.safetensors

no "dnnl without oneDNN" 1 'engine dnnl cannot be had: .*oneDNN' ./without --engine dnnl --out none.safetensors
no "testing on dnnl without oneDNN" 1 'engine dnnl cannot be had: .*oneDNN' \
    env LD_LIBRARY_PATH="fake:$LD_LIBRARY_PATH" out/tiny-infer --weights portable.safetensors --data data --test --engine dnnl
no "bf16 without oneDNN" 1 'bf16 needs the engine dnnl, which cannot be had: .*oneDNN' ./without --precision bf16 --out none.safetensors
ok "nothing was written" test ! -e none.safetensors -a ! -e none.safetensors.checkpoint
ok "auto without oneDNN" ./without --epochs 3 --out auto.safetensors
cp "$tmp/log" said
ok "it says why it is portable" grep -q '^engine: portable, fp32: .*oneDNN' said
ok "it is portable" cmp portable.safetensors auto.safetensors

if ./train --engine dnnl --epochs 1 --out try.safetensors >"$tmp/log" 2>&1; then
    pass "dnnl"
    # whole NAME OPTION...: trains without a pause, then with one in which the measurements are lost
    whole() {
        into=$1
        shift
        rm -rf cache/cnas
        ok "$into" ./train --engine dnnl --epochs 8 --out "$into.safetensors" "$@"
        # Other kernels may be the fastest when measured again: both start from the same answers.
        ./train --engine dnnl --epochs 8 --out "$into.parts.safetensors" "$@" >"$tmp/log" 2>&1 &
        child=$!
        children="$children $child"
        until [ -s "$into.parts.safetensors.checkpoint" ] || ! kill -0 $child 2>/dev/null; do sleep 0.01; done
        kill -INT $child
        wait $child
        ok "$into: interrupted" test $? = 130
        rm -rf cache/cnas
        ok "$into: gone on with, measurements lost" ./train --engine dnnl --epochs 8 --out "$into.parts.safetensors" "$@"
        cp "$tmp/log" said
        ok "$into: it did go on" grep -q 'going on from' said
        # what the checkpoint knows; the test at the end may measure what inference alone asks
        ok "$into: nothing was measured again" sh -c '! grep -q "^conv weights" cache/cnas/engine-tuning-* 2>/dev/null'
        ok "$into: same bits" cmp "$into.safetensors" "$into.parts.safetensors"
    }
    whole fp32 --validation 100
    whole bf16 --precision bf16 --ema 0.95 --recompute --optimizer adamw

    ok "recomputed" ./train --engine dnnl --epochs 2 --out recomputed.safetensors --recompute --profile
    cp "$tmp/log" said
    ok "it says so" grep -q '^engine: dnnl, fp32, oneDNN .*, recomputing$' said
    ok "the profile" grep -q '^convolution  *forward  *[0-9.]* s  backward' said
    ok "the profile: the gradients of weights apart" grep -q '^gradients of weights  *forward  *0.00 s  backward' said
    ok "the profile: what is not arithmetic" sh -c 'for part in "packing weights" update batches; do grep -q "^$part  *[0-9.]* s  *[0-9.]* %" said || exit 1; done'
    ok "kept" ./train --engine dnnl --epochs 2 --out kept.safetensors
    ok "recomputed or kept: same bits" cmp recomputed.safetensors kept.safetensors
    ok "auto is dnnl" ./train --epochs 2 --out auto2.safetensors
    ok "auto is dnnl: same bits" cmp auto2.safetensors kept.safetensors
    ok "dnnl learns" out/tiny-infer --weights fp32.safetensors --data data --test --json
    cp "$tmp/log" said
    right=$(sed -n 's/.*"float_right": *\([0-9]*\).*/\1/p' said)
    ok "it learned something: ${right:-none} of 200 right, chance is 50" test "${right:-0}" -ge 120
    ok "it was tested on dnnl" grep -q '"engine": *"dnnl, fp32, oneDNN' said
    ok "tested on portable" out/tiny-infer --weights fp32.safetensors --data data --test --json --engine portable
    other=$(sed -n 's/.*"float_right": *\([0-9]*\).*/\1/p' "$tmp/log")
    ok "the same result up to ties: $right and ${other:-none}" test "${other:-0}" -ge $((right - 1)) -a "${other:-0}" -le $((right + 1))

    ok "a last batch of one image" ./train --engine dnnl --batch 1499 --epochs 2 --out one.safetensors --threads 3
    no "numbers that are not finite" 3 'not a finite number in epoch' ./train --engine dnnl --lr 1000 --weight-decay 1 --epochs 3 --out nan.safetensors
    no "numbers that are not finite, bf16" 3 'not a finite number in epoch' ./train --precision bf16 --lr 1000 --weight-decay 1 --epochs 3 --out nan2.safetensors

    for file in cache/cnas/engine-tuning-*; do echo "nonsense" >"$file"; done
    ok "a damaged cache" ./train --engine dnnl --epochs 1 --out damaged.safetensors
    ok "it was written anew" sh -c '! grep -q nonsense cache/cnas/engine-tuning-*'
    export XDG_CACHE_HOME=/proc/none
    ok "no place for a cache" ./train --engine dnnl --epochs 1 --out uncached.safetensors
    export XDG_CACHE_HOME="$tmp/cache"
    rm -rf cache/cnas
    ./train --engine dnnl --epochs 1 --out left.safetensors >"$tmp/left.log" 2>&1 &
    child=$!
    ok "two at once" ./train --engine dnnl --epochs 1 --out right.safetensors
    wait $child
    ok "the other one" test $? = 0
    ok "a cache for both" grep -q '^conv forward f32' cache/cnas/engine-tuning-*

    ./train --epochs 8 --out moved.safetensors >"$tmp/log" 2>&1 &
    child=$!
    until [ -s moved.safetensors.checkpoint ] || ! kill -0 $child 2>/dev/null; do sleep 0.01; done
    kill -INT $child
    wait $child
    no "going on without oneDNN" 1 'trained on the engine dnnl, which cannot be had now: .*oneDNN' ./without --epochs 8 --out moved.safetensors
    ok "going on with it again" ./train --epochs 8 --out moved.safetensors
else
    ok "dnnl cannot be had, and it says so" grep -q 'engine dnnl cannot be had: ' "$tmp/log"
fi

[ "$bad" = 0 ]
