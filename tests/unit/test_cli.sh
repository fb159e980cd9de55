#!/bin/sh
# The training and inference programs from outside: what they write and print, how they go on after an interrupt, what they say
# and return when something is wrong.
set -u
. "$top_srcdir/tests/support/cli_cases.sh"

# run STATUS WHAT COMMAND...: the command ends with STATUS
run() {
    expected=$1 what=$2
    shift 2
    timeout 60 "$@" >out 2>err
    status=$?
    if [ $status = "$expected" ]; then ok; else bad "$what: exit $status, not $expected"; fi
}
no() {
    if "$@"; then bad "$what: $*"; else ok; fi
}
train() { "$model" train --data data --threads 2 "$@"; }

mkdir data && "$model" data data || exit 99

# --- training ---
run 0 'training' "$model" train --data data --test-every-epoch
says out 'network Tiny: .* parameters, 256 ReLUs, 3.07 thousand multiplications an image$'
says out '^OpenBLAS kernels: [A-Za-z]'
says out '^epoch 1/3 '
says out '^epoch 3/3 .*test [0-9.]* %'
says out '^wrote tiny.safetensors$'
says out '^wrote tiny.fixed.safetensors: ring of [0-9]* bits, weights of [0-9]* bits$'
says out '^test accuracy: float [0-9.]* %, fixed point [0-9.]* %; same answer on [0-9]* of 300 images$'
[ "$(grep -c '^epoch' out)" = 3 ] && ok || bad 'one line for each epoch'
right=$(sed -n 's/^test accuracy: float \([0-9]*\).*/\1/p' out)
[ "${right:-0}" -ge 90 ] && ok || bad 'the network learns'
says out 'same answer on \(300\|29[0-9]\) of 300'
cp tiny.safetensors first.safetensors
cp tiny.fixed.safetensors first.fixed.safetensors

run 0 'training without looking at the test set' "$model" train --data data --out blind.safetensors
cmp -s blind.safetensors tiny.safetensors && ok || bad 'looking at the test set changes nothing'
no grep -q '^epoch .*test' out
says out '^no validation set: the last epoch.s weights are kept, and the test set is used once, at the end$'
says out '^recipe, seed 1: optimizer = sgd(momentum = 0.9, nesterov = true, weight_decay = 0.0001); schedule = cosine(max = 0.02, min = 0.001); epochs = 3; batch = 20;$'
says out '^memory: .*B planned for batches of 20 images$'
says out '^trained for .* images/s .*; peak memory [0-9.]* MB$'
run 0 'finished training again' "$model" train --data data
says out 'this training is finished'
cmp -s tiny.safetensors first.safetensors && ok || bad 'a finished training stays as it is'
run 0 'training afresh' "$model" train --data data --fresh --threads 1
cmp -s tiny.safetensors first.safetensors && ok || bad 'same seed, other number of threads: same weights'
cmp -s tiny.fixed.safetensors first.fixed.safetensors && ok || bad 'same seed: same fixed-point network'
run 0 'only quantising' "$model" train --data data --quantize --fixed-out q.safetensors
cmp -s q.safetensors first.fixed.safetensors && ok || bad 'quantising makes the same file'
run 0 'other widths' "$model" train --data data --quantize --fixed-out w.safetensors --ring-bits 31 --activation-bits 12
says out 'ring of 31 bits'

# --- interrupt and resume ---
# --foreground: timeout passes the signal on once; otherwise it sends it to the group too, and the second one kills
: >out # what it held must not be taken for what comes
timeout --foreground 60 "$model" train --data data --out part.safetensors --epochs 2000 >out 2>err &
pid=$!
what='interrupt'
await '^epoch 2/'
kill -INT $pid
wait $pid
status=$?
[ $status = 130 ] && ok || bad "interrupted training: exit $status, not 130"
says out 'interrupted; the state is in part.safetensors.checkpoint: the same command goes on'
no test -e part.safetensors
what='resume'
: >out # what it held must not be taken for what comes
timeout --foreground 60 "$model" train --data data --out part.safetensors --epochs 2000 >out 2>err &
pid=$!
await '^epoch'
kill -INT $pid
wait $pid
says out '^going on from part.safetensors.checkpoint: epoch [0-9]* of 2000, step [0-9]* of 60$'
no grep -q '^epoch 1/' out
run 1 'another training in its place' "$model" train --data data --out part.safetensors --epochs 1999
says err 'after [0-9]* of 2000 epochs: epochs is 2000 there and 1999 here; --fresh starts again'
[ -s out ] && bad 'refused before anything is said of the training' || ok
what='two at once'
: >out
"$model" train --data data --out part.safetensors --epochs 2000 >out 2>err &
pid=$!
await '^epoch'
for option in --resume --fresh; do
    timeout 60 "$model" train --data data --out ./part.safetensors --epochs 2000 $option >out2 2>err2
    [ $? = 1 ] && [ ! -s out2 ] && ok || bad "$what: $option is refused, and says nothing else"
    says err2 '^train: ./part.safetensors.checkpoint: another training is using this checkpoint; --out writes elsewhere$'
done
timeout 60 "$model" train --data data --out elsewhere.safetensors --quiet >out2 2>err2 && ok || bad "$what: another --out is free"
kill -0 $pid && ok || bad "$what: the first goes on"
test -e part.safetensors.checkpoint.lock && kill -KILL $pid && ok || bad "$what: a lock"
wait $pid 2>/dev/null
: >out
timeout --foreground 60 "$model" train --data data --out part.safetensors --epochs 2000 >out 2>err &
pid=$!
await '^epoch'
kill -INT $pid
wait $pid
what='after SIGKILL of who had the lock'
says out '^going on from part.safetensors.checkpoint: epoch '
no test -e part.safetensors.checkpoint.lock
run 3 'divergence' "$model" train --data data --out far.safetensors --lr 1000
says err '^train: the loss is not a finite number in epoch 1, step [0-9]* of 60, at learning rate [0-9.e+]*: a lower one'
no test -e far.safetensors

# --- SIGTERM, SIGKILL, a time budget; a validation set ---
held='train --data data --threads 2 --epochs 120 --validation 10%' # in the background without timeout, which would die in its place
run 0 'a validation set' "$model" $held --out whole.safetensors --log whole.jsonl --log-steps 20
says out '^data: 1080 training, 120 validation and 300 test images of 1x8x8$'
says out '^epoch 1/120 .*  validation [0-9.]* % (best)  rate'
says out '^best on the validation set: [0-9.]* % after epoch [0-9]*$'
no test -e whole.best.safetensors
what='kill -9 at any moment'
kills=0
for pause in 0.02 0.05 0.03 0.08 0.04 0.06 0.09 0.02; do
    "$model" $held --out parts.safetensors --log parts.jsonl --log-steps 20 --report parts.html >out 2>err &
    pid=$!
    sleep $pause
    kill -KILL $pid 2>/dev/null
    wait $pid 2>/dev/null
    [ $? = 137 ] && kills=$((kills + 1))
done
[ $kills -gt 0 ] && ok || bad 'nothing was killed'
run 0 'kill -9 at any moment' "$model" $held --out parts.safetensors --log parts.jsonl --log-steps 20 --report parts.html
cmp -s parts.safetensors whole.safetensors && cmp -s parts.fixed.safetensors whole.fixed.safetensors && ok || bad "$what: other weights"
no test -e parts.best.safetensors
# --- log and page ---
what='the log of a training that was killed'
told() { sed -n 's/^\({"type":"\(epoch\|steps\)".*\),"lr".*/\1/p' "$1"; } # all but how long it took
[ "$(told whole.jsonl | grep -c '"epoch","')" = 120 ] && [ "$(told whole.jsonl | grep -c '"steps"')" = 240 ] && ok || bad "$what: lines"
[ "$(told whole.jsonl)" = "$(told parts.jsonl)" ] && ok || bad "$what: it is not that of one which was not"
says parts.jsonl '"machine":{.*,"engine":"portable, fp32'
says parts.jsonl '^{"type":"start","format":1,"cnas":"[0-9.]*","network":"Tiny",.*"recipe":{"epochs":120,"batch":20,.*"seed":1.*},"machine":{'
says parts.jsonl '^{"type":"end","reason":"finished","seconds":[0-9.]*,"peak_memory":[0-9]*,'
says parts.jsonl '^{"type":"test","images":300,"accuracy":[0-9.]*,"engine":"portable, fp32[^"]*","fixed_accuracy":[0-9.]*}$'
[ "$(grep -c '"type":"start"' parts.jsonl)" = 1 ] && ok || bad "$what: one start"
cp parts.jsonl before.jsonl
run 0 'a finished training again' "$model" $held --out parts.safetensors --log parts.jsonl --report parts.html
cmp -s parts.jsonl before.jsonl && ok || bad "$what: its log stays"
what='the page'
[ "$(grep -c '<svg' parts.html)" = 4 ] && grep -q '^</html>$' parts.html && ok || bad "$what is whole"
no grep -qi 'http:\|https:\|<script' parts.html
run 0 'a page from a log' "$model" train --report again.html --from-log parts.jsonl
cmp -s parts.html again.html && ok || bad "$what: the same from the log"
printf '{"type":"epoch","ep' >>parts.jsonl
run 0 'a log that was cut off' "$model" train --report again.html --from-log parts.jsonl
cmp -s parts.html again.html && ok || bad "$what: the cut line is passed over"
printf '%s\n' '{"type":"start","format":1}' '{"type":"epoch","epoch":1,"accuracy":1e15}' \
    '{"type":"epoch","epoch":2,"accuracy":1000000000000000.125}' '{"type":"end","peak_memory":-7}' >odd.jsonl
run 0 'a log of values that hardly differ' "$model" train --report odd.html --from-log odd.jsonl
printf '%s\n' '{"type":"start","format":1}' '{"type":"epoch","epoch":-1e308,"loss":1e308}' '{"type":"epoch","epoch":1e308,"loss":-1e308}' >odd.jsonl
run 0 'a log of values that differ too much' "$model" train --report odd.html --from-log odd.jsonl
run 0 'a log of its own' "$model" train --data data --out own.safetensors --report own.html --quiet
test -s own.html.jsonl && test -s own.html && ok || bad 'the log of a page'
run 2 'from-log alone' "$model" train --from-log parts.jsonl
run 1 'a log that is none' "$model" train --report again.html --from-log data/image.pgm
says err 'data/image.pgm:1: not a line of a training log'
printf 'my diary\n' >diary
cp own.safetensors.checkpoint before.checkpoint
run 1 'a foreign file in the place of the log' "$model" train --data data --out own.safetensors --fresh --log diary
cmp -s own.safetensors.checkpoint before.checkpoint && ok || bad "$what: the checkpoint stays where --fresh is refused"
[ "$(cat diary)" = 'my diary' ] && ok || bad 'the diary is left alone'
run 1 'the log of another training' "$model" $held --out whole.safetensors --log own.html.jsonl
says err 'the log of another training'
cp own.html.jsonl before.jsonl
run 1 'a new training in the log of another' "$model" train --data data --out nine.safetensors --seed 9 --log own.html.jsonl
says err 'the log of another training'
cmp -s own.html.jsonl before.jsonl && ok || bad "$what: that stays"
run 0 'the same training afresh in its log' "$model" train --data data --out own.safetensors --fresh --log own.html.jsonl --quiet
run 1 'a page in the place of something else' "$model" train --report diary --from-log parts.jsonl
says err 'diary: --report would replace this file, which is no page'
run 1 'a page in the place of something else, while training' "$model" train --data data --out own.safetensors --fresh --report diary
[ "$(cat diary)" = 'my diary' ] && ok || bad 'the diary is left alone again'
run 1 'a log that is no file' "$model" train --data data --out own.safetensors --fresh --log /dev/null
says err '/dev/null: not a regular file'
run 1 'no room for a checkpoint' sh -c 'trap "" XFSZ; ulimit -f 1; exec "$@"' - "$model" train --data data --out small.safetensors
says err 'small.safetensors.checkpoint: cannot write it: File too large'
no test -e small.safetensors.checkpoint
run 0 'no room for the log' sh -c 'trap "" XFSZ; ulimit -f 60; exec "$@"' - "$model" train --data data --out small.safetensors --epochs 30 --log small.jsonl --log-steps 1
says err 'warning: small.jsonl: cannot write it: File too large; it is tried again'
test -s small.safetensors && ok || bad 'the training went on'
what='SIGTERM'
: >out
term="$held --out term.safetensors --epochs 100000 --lr 0.0123456789012345 --log term.jsonl" # a rate with more digits than the log has
"$model" $term >out 2>err &
pid=$!
await '^epoch 2/'
kill -TERM $pid
wait $pid
status=$?
[ $status = 143 ] && ok || bad "SIGTERM: exit $status, not 143"
test -s term.best.safetensors && ok || bad 'the best weights so far are there'
run 0 'using them' "$model" infer --data data --test --weights term.best.safetensors
run 4 'a time budget' "$model" $term --time-budget 1s
says out '^going on from term.safetensors.checkpoint: epoch '
says out '^the time budget is spent; the state is in term.safetensors.checkpoint'
says out '^wrote term.safetensors$'
run 1 'another validation set' "$model" $term --validation 20%
says err 'validation_images is 120 there and 240 here; --fresh starts again, --out writes elsewhere'
# --- as many epochs as fit ---
chosen() { sed -n 's/^epochs: \([0-9]*\),\{0,1\} of about [0-9.]* m\{0,1\}s.* of --time-budget$/\1/p' out; }
fit='train --data data --validation 10% --epochs auto --threads 2'
what='--epochs auto'
timeout 60 "$model" $fit --out fit.safetensors --time-budget 1s >out 2>err
status=$? # of a loaded machine the time may be over before the epochs are
[ $status = 0 ] || [ $status = 4 ] && ok || bad "$what: exit $status"
epochs=$(chosen)
[ "${epochs:-0}" -ge 1 ] && ok || bad "$what: how many"
[ "$status" = 4 ] && ok || says out "^epoch $epochs/$epochs "
run 0 '--epochs auto again' "$model" $fit --out fit.safetensors --time-budget 300s
[ -z "$(chosen)" ] && ok || bad "$what: the number of the checkpoint counts"
run 0 'the same number given' "$model" train --data data --validation 10% --out given.safetensors --epochs "$epochs"
cmp -s fit.safetensors given.safetensors && ok || bad "$what: the weights are those of --epochs $epochs"
run 0 '--epochs auto, finished' "$model" $fit --out fit.safetensors --time-budget 300s
says out 'this training is finished'
: >out
"$model" $fit --out long.safetensors --time-budget 1m >out 2>err &
pid=$!
await '^epoch 2/'
kill -INT $pid
wait $pid
status=$?
[ $status = 130 ] && ok || bad "$what: interrupted: exit $status, not 130"
epochs=$(chosen)
run 4 '--epochs auto with another budget' "$model" $fit --out long.safetensors --time-budget 1s
says out "^going on from long.safetensors.checkpoint: epoch [0-9]* of $epochs, "
run 1 '--epochs auto, another training' "$model" $fit --out long.safetensors --time-budget 1s --batch 30
says err 'batch is 20 there and 30 here; --fresh starts again'
timeout 60 "$model" $fit --out restarts.safetensors --preset paper --augment none --time-budget 2s >out 2>err
# Periods of 10, 20, 40 ... epochs end after 10 (2^k - 1); how many fit depends on the machine.
chosen=$(chosen) ends=10
chosen=${chosen:-0}
while [ $ends -lt "$chosen" ]; do ends=$((2 * ends + 10)); done
[ "$chosen" -ge 1 ] && { [ "$chosen" -lt 10 ] || [ "$chosen" = $ends ]; } && ok || bad "$what: a period that does not end"
cp long.safetensors.checkpoint before.checkpoint
for log in diary fit.jsonl; do # at once, not after a trial of 20 seconds
    [ $log = diary ] || run 0 'a log' "$model" train --data data --out log.safetensors --log $log --epochs 1 --batch 30
    what="--epochs auto in another training's log, $log"
    timeout 10 "$model" $fit --out long.safetensors --time-budget 1000s --fresh --log $log >out 2>err
    status=$?
    [ $status = 1 ] && ok || bad "$what: exit $status, not 1"
    says err "$log:.* not a line of a training log\|$log: the log of another training"
    cmp -s long.safetensors.checkpoint before.checkpoint && ok || bad "$what: the checkpoint stays"
done
run 0 'quiet' "$model" train --data data --out quiet.safetensors --quiet
[ "$(wc -l <out)" = 1 ] && grep -q '^test accuracy' out && ! grep -v warning err && ok || bad 'quiet says only how good it is'

# --- recipes ---
cnasc=$top_builddir/cnasc
# recipe WORDS OPTION...: the printed recipe compiles, and the graph's training has the words
recipe() {
    what="recipe: $*" words=$1
    shift
    "$model" train --print-recipe "$@" >section 2>err || bad "$what"
    { printf 'network N {\n    input x: tensor[1, 8, 8];\n    output y = x |> flatten |> linear(3);\n'; cat section; printf '}\n'; } >recipe.cnas
    "$cnasc" build --emit=ir recipe.cnas >out 2>err || bad "$what: it does not compile"
    for word in $words; do
        grep '^train ' out | tr ' ' '\n' | grep -q -x -e "$word" && ok || bad "$what: no $word"
    done
}
recipe 'lr_max=0.02 lr_min=0.001 momentum=0.9 weight_decay=0.0001 nesterov=true epochs=3 batch=20 augment_flip=false'
recipe 'lr_max=0.05 lr_min=0.001 weight_decay=0.0004 decay_all=true epochs=310 batch=100 restart_first=10 restart_factor=2 by_epoch=true
    augment_flip=true augment_crop=4 augment_cutout=0' --preset paper
recipe 'schedule=1 lr_max=0.2 epochs=24 batch=128 label_smoothing=0.1 ema=0.998 augment_crop=2 crop_reflect=true
    augment_flip=true flip_alternate=true augment_cutout=8' --preset=fast
recipe 'schedule=1 lr_max=0.4 lr_min=0 epochs=7 batch=256 ema=0.9' --preset=fast --batch 256 --epochs 7 --ema 0.9
recipe 'schedule=1 lr_max=0.1 batch=256' --preset=fast --batch 256 --lr 0.1
recipe 'optimizer=1 lr_max=0.001 weight_decay=0.01 clip=2' --optimizer adamw --clip 2
recipe 'optimizer=1 lr_max=0.003 lr_min=0 weight_decay=0.1 bias_lr=4' --optimizer adamw --lr 0.003 --lr-min 0 --weight-decay 0.1 --bias-lr 4
recipe 'decoupled=true decay_all=true momentum=0.5 weight_decay=0.0001' --optimizer sgdw --decay all --momentum 0.5
recipe 'schedule=2 milestone1=20 milestone2=30 epochs=40 warmup=1.5' --schedule steps --epochs 40 --warmup 1.5
recipe 'schedule=2 milestone1=3 milestone2=5 milestone3=8' --schedule steps --epochs 9 --milestones 3,5,8
recipe 'distill_weight=0.9 temperature=4'
recipe 'distill_weight=0.25 temperature=2.5' --distill-weight 0.25 --temperature 2.5
recipe 'schedule=3 lr_max=0.25 label_smoothing=0.3' --schedule constant --lr 0.25 --label-smoothing 0.3
recipe 'augment_flip=true augment_crop=3 augment_cutout=5' --augment flip,crop=3,cutout=5
recipe 'augment_flip=true flip_alternate=true augment_crop=2 crop_reflect=true augment_cutout=0' --augment flip=alternate,crop=2:reflect
recipe 'augment_flip=true flip_alternate=true augment_crop=1024 crop_reflect=true augment_cutout=4096' --augment cutout=4096,crop=1024:reflect,flip=alternate
recipe 'augment_flip=false augment_crop=0 augment_cutout=0' --preset fast --augment none
recipe 'augment_flip=true augment_cutmix=0.25' --augment flip,cutmix=0.25
recipe 'augment_crop=2 augment_cutmix=1' --augment '[crop(2), cutmix(share = 1)]'
recipe 'augment_flip=false augment_crop=0 augment_cutout=0' --preset fast --augment '[ ]'
"$model" train --print-recipe --preset fast >section 2>err
pasted=$(sed -n 's/^ *augment = \(.*\);$/\1/p' section) # what is printed can be pasted
recipe 'augment_flip=true flip_alternate=true augment_crop=2 crop_reflect=true augment_cutout=8' --augment "$pasted"
for none in crop=2,cutmix=0 '[crop(2), cutmix(0)]'; do
    recipe 'augment_crop=2' --augment "$none"
    ! grep -q cutmix out && ok || bad "$none has no CutMix"
done
recipe 'augment_cutmix=1e-05' --augment cutmix=0.00001
pasted=$(sed -n 's/^ *augment = \(.*\);$/\1/p' section) # small shares as well
[ "$pasted" = '[cutmix(1e-05)]' ] && ok || bad "a small share is printed as $pasted"
recipe 'augment_cutmix=1e-05' --augment "$pasted"
recipe 'augment_flip=true augment_crop=4 augment_cutout=8' --preset fast --augment 'flip(alternate=false), crop(padding = 4,border="zero") ,cutout( 8 )'
run 0 'a training with averaged weights' "$model" train --data data --out average.safetensors --preset fast --augment none --epochs 4 --batch 20 --lr 0.02 --clip 5
right=$(sed -n 's/^test accuracy: float \([0-9]*\).*/\1/p' out)
[ "${right:-0}" -ge 90 ] && ok || bad 'averaged weights: the network learns'
run 0 'AdamW' "$model" train --data data --out adamw.safetensors --optimizer adamw --lr 0.005
right=$(sed -n 's/^test accuracy: float \([0-9]*\).*/\1/p' out)
[ "${right:-0}" -ge 90 ] && ok || bad 'AdamW: the network learns'
# refused OPTION... -- WORDS
refused() {
    n=$#
    for words; do :; done
    [ $n = 2 ] && run 2 "$1" "$model" train "$1" || run 2 "$1 $2" "$model" train "$1" "$2"
    says err "$words"
}
refused --preset=quick 'no recipe .quick'
says err '^  paper '
refused --optimizer=adam 'needs sgd, sgdw or adamw, not .adam'
refused --schedule=linear 'needs cosine, one_cycle, steps or constant'
refused --decay=none 'needs weights or all'
refused --milestones=3 'belongs to --schedule=steps'
refused --schedule=steps --milestones=5,3 'ascending epochs such as 80,120, not .5,3'
refused --schedule=steps --milestones=5,+7 'not .5,+7'
refused --schedule=steps --milestones=5,18446744073709551623 'not .5,1844'
refused --schedule=steps --milestones=1,2,3,4,5,6,7,8,9 'up to 8'
refused --augment=flip,crop 'such as flip,crop=4,cutout=8'
refused --augment=crop=5000 'such as flip'
refused --augment=flip, 'such as flip'
refused --augment=flip=often 'such as flip'
refused --augment=crop=2:mirror 'such as flip'
refused --augment=cutout=2:reflect 'such as flip'
refused --augment=cutmix=1.5 'such as flip'
refused --augment=cutmix 'such as flip'
refused --augment=cutmix=-0.5 'such as flip'
refused --augment=cutmix=0x1p-1 'such as flip'
refused --augment=cutmix=1e- 'such as flip'
refused --augment=cutmix=0.5.5 'such as flip'
for bad_list in blur cutout=2,blur crop=2,crop 'crop(2' 'crop(2))' '[crop(2)' 'crop(2)]' 'flip(often=true)' 'flip()' 'crop(2, border="mirror")' 'crop(border="zero")' \
    'crop("2)' 'flip crop=2' 'cutout(4097)' 'crop(-2)'; do
    refused "--augment=$bad_list" 'or, as in the language, flip'
done
refused --schedule=one_cycle --warmup=2 'its own way up'
refused --log=net.safetensors --out=net.safetensors 'are the same file, net.safetensors'
refused --report=x.html --from-log=x.html 'are the same file, x.html'
refused --fixed-out=net.safetensors --out=net.safetensors 'are the same file'
refused --log=net.safetensors.checkpoint --out=net.safetensors 'the checkpoint and --log are the same file'
mkdir -p sub && : >linked.log && ln -sf linked.log link
refused --log=./net.safetensors --out=net.safetensors 'are the same file, ./net.safetensors'
refused --log=sub/../net.best.safetensors --out=net.safetensors 'the best weights and --log are the same file'
refused --log=linked.log --report=link '--log and --report are the same file, link'
refused --lr-min=3 'the lowest learning rate, 3, is above the highest, 0.02'
refused --ema=1 'from 0 to 0.999999'

# --- inference ---
run 0 'one image of the test set' "$model" infer --data data --index 4
says out '^#4: class 1, label 1$'
run 0 'several' "$model" infer --data data --index 0-2,5 --index 7
[ "$(wc -l <out)" = 5 ] && ok || bad 'five answers'
run 0 'an image file' "$model" infer data/image.pgm --logits
says out '^image.pgm: class 0$'
says out '^  2: -\{0,1\}[0-9.]*'
run 0 'fixed point' "$model" infer --fixed data/image.pgm --logits
says out '^  2: -\{0,1\}[0-9]*$'
run 0 'fixed point from a file' "$model" infer --fixed=q.safetensors data/image.pgm
run 0 'test' "$model" infer --data data --test --fixed
says out '^float: '
says out '^fixed point: '
says out '^agreement: .* of 300)$'
says out '^engine: portable, fp32: the model has no layers as data$'
run 0 'test on a chosen engine' "$model" infer --data data --test --engine portable
says out '^engine: portable, fp32$'
run 1 'test on an engine that cannot be had' "$model" infer --data data --test --engine dnnl
says err '^infer: the engine dnnl cannot be had: '
run 2 'an engine for a single image' "$model" infer --data data --index 1 --engine portable
says err 'goes with --test'
run 2 'an engine that there is not' "$model" infer --test --engine=cuda
says err 'none of auto, portable and dnnl'
run 0 'json' "$model" infer --data data --index 3 --fixed --logits --json
says out '^{"network":"Tiny","digest":"0f11[0-9a-f]*","arithmetic":"fixed","results":\[{"image":"#3","class":[012],"label":0,"logits":\[-\{0,1\}[0-9]*,-\{0,1\}[0-9]*,-\{0,1\}[0-9]*\]}\],"plan":{"ring_bits":[0-9]*,"weight_bits":[0-9]*,"logit_frac":[0-9]*}}$'
run 0 'json test' "$model" infer --data data --test --fixed --json
says out '"results":\[{"images":300,"float_right":[0-9]*,"fixed_right":[0-9]*,"agree":[0-9]*,"engine":"[^"]*"}\]'

# --- usage: exit 2, and a way out ---
run 0 'help' "$model" train --help
says out '^Usage: train \[OPTION\]'
says out '--epochs N'
run 0 'help' "$model" infer --help
run 2 'unknown option' "$model" train --epoch 3
says err "unknown option .--epoch'; see train --help"
run 2 'no value' "$model" train --epochs
says err 'needs a value'
run 2 'not a number' "$model" train --epochs=many
says err 'whole number from 1'
run 2 'out of range' "$model" train --epochs 0
run 2 'out of range' "$model" train --epochs 99999999999999999999999
run 2 'auto without a budget' "$model" train --epochs auto
says err 'needs --time-budget TIME'
run 2 'auto without a machine' "$model" train --epochs auto --time-budget 1m --print-recipe
says err 'depends on the machine'
run 2 'negative' "$model" train --batch -5
run 2 'not finite' "$model" train --lr nan
run 2 'operand' "$model" train data
says err 'one argument too many'
run 2 'flag with value' "$model" train --fresh=1
run 2 'a time without a unit' "$model" train --time-budget 30
says err 'a time such as 90s, 30m or 1h30m, from 1s to 365d, not .30.'
run 2 'a time in hexadecimal digits' "$model" train --time-budget 0x10s
run 2 'hexadecimal digits' "$model" train --lr 0x1p-3
run 2 'hexadecimal digits' "$model" train --validation 0x10
run 2 'an empty argument' "$model" infer ''
says err 'argument 1 is empty'
run 2 'the largest seed' "$model" train --seed 9007199254740994
says err 'from 0 to 9007199254740992, not'
run 2 'a share above all' "$model" train --validation 100%
says err 'a number of images or a share'
run 1 'all images held out' "$model" train --data data --fresh --validation 1200
says err 'allowed is 1 to 1199'
run 2 'contradiction' "$model" train --fresh --resume
run 2 'nothing to do' "$model" infer
run 2 'two things to do' "$model" infer --index 1 --test
run 2 'the fixed-point file as an operand' "$model" infer --data data --test --fixed q.safetensors
says err 'q.safetensors is no image: --fixed takes its file after an equals sign, --fixed=q.safetensors$'
run 2 'no fixed-point file after all' "$model" infer --data data --test --fixed=
run 2 'bad index' "$model" infer --data data --index 1-x
run 2 'index: the largest number' "$model" infer --data data --index 18446744073709551615
run 2 'index beyond the end' "$model" infer --data data --index 300

# --- the world: exit 1, cause and advice ---
run 1 'no data' "$model" train --data nowhere
says err '^train: nowhere: cannot read this data folder: No such file'
run 1 'no weights' "$model" infer --weights none.safetensors data/image.pgm
says err 'none.safetensors: no such file; train first (tiny-train)'
run 1 'no fixed weights' "$model" infer --fixed=none.safetensors data/image.pgm
says err 'tiny-train --quantize'
run 1 'no folder' "$model" train --data data --out nowhere/w.safetensors
says err 'the folder does not exist'
for file in '--log nowhere/log' '--report nowhere/page.html' '--fixed-out nowhere/q'; do
    run 1 "no folder: $file" "$model" train --data data --out own.safetensors $file
    says err 'nowhere/.*: the folder does not exist or cannot be written'
    [ -s out ] && bad "$what: it is said first" || ok
done
run 1 'no room for the fixed-point network' sh -c 'trap "" XFSZ; ulimit -f 16; exec "$@"' - "$model" train --data data --out room.safetensors --fixed-out /dev/full/q
head -c 300 tiny.safetensors >short.safetensors
run 1 'truncated weights' "$model" infer --weights short.safetensors data/image.pgm
says err '^infer: short.safetensors: .*truncated'
run 1 'weights in place of fixed' "$model" infer --fixed=tiny.safetensors data/image.pgm
says err 'not a fixed-point network'
run 1 'fixed in place of weights' "$model" infer --weights tiny.fixed.safetensors data/image.pgm
says err 'tensor .conv.weight. is missing'
sed 's/0f112233/0f112234/' tiny.fixed.safetensors >other.safetensors
run 1 'fixed point of another build' "$model" infer --fixed=other.safetensors data/image.pgm
says err 'another build'
printf 'P5 9 8 255\n%072d' 0 >wide.pgm
run 1 'image of another size' "$model" infer wide.pgm
says err 'wide.pgm: the image is 9 pixels wide and 8 high, this network takes 8 x 8'
printf junk >tiny.safetensors.checkpoint
run 1 'a checkpoint that is none' "$model" train --data data
says err 'tiny.safetensors.checkpoint: .*; --fresh starts again, --out writes elsewhere'
[ "$(cat tiny.safetensors.checkpoint)" = junk ] && ok || bad 'the strange file is left alone'
run 0 'fresh replaces it' "$model" train --data data --fresh --epochs 1
cp -r data mixed && cp data/t10k-labels-idx1-ubyte mixed/train-labels-idx1-ubyte
run 1 'labels of other images' "$model" train --data mixed --fresh
says err '300 labels, but 1200 images'
if [ -c /dev/full ]; then
    what='full disk'
    timeout 60 "$model" infer data/image.pgm >/dev/full 2>err
    [ $? = 1 ] && ok || bad 'a full disk is no success'
fi
what='nothing left over'
no sh -c 'ls *.lock 2>/dev/null | grep -q .'
no sh -c 'ls *.tmp-* 2>/dev/null | grep -q .'

printf 'CASES: %d passed, %d failed\n' $passed $failed
[ $failed = 0 ]
