#!/bin/sh
# Distillation from outside: a teacher's answers are written, gone on with and never put in the place of something else; a student learns
# from them, says so, and refuses what does not belong together.
set -u
. "$top_srcdir/tests/support/cli_cases.sh"

# run STATUS WHAT ARGUMENT...: the training program ends with STATUS
run() {
    expected=$1 what=$2
    shift 2
    timeout 120 "$model" train --data data --threads 2 "$@" >out 2>err
    status=$?
    if [ $status = "$expected" ]; then ok; else bad "$what: exit $status, not $expected"; fi
}
silent() {
    if grep -q -e "$2" "$1"; then bad "$what: \`$2' in $1"; else ok; fi
}
same() {
    if cmp -s "$1" "$2"; then ok; else bad "$what: $1 and $2 differ"; fi
}
other() {
    if cmp -s "$1" "$2"; then bad "$what: $1 and $2 are the same"; else ok; fi
}

mkdir data && "$model" data data || exit 99
run 0 'the teacher' --epochs 2 --quiet --log plain.jsonl
what='a log without a teacher'
silent plain.jsonl 'distill\|temperature\|soft_labels'

# --- writing ---
teach='--augment flip,crop=1'
run 0 'writing' $teach --write-soft-labels soft --views 3
says out '^soft labels: the answers of tiny.safetensors for 3 views of each training image; augmented: flip,crop=1, seed 1$'
says out '^engine: portable, fp32'
says out '^answered for [0-9]*s, [0-9]* images/s with saving; peak memory [0-9.]* MB$'
says out '^wrote soft$'
silent out 'no validation set\|recipe\|test accuracy'
[ "$(ls)" = "$(printf '%s\n' data err out plain.jsonl soft tiny.fixed.safetensors tiny.safetensors tiny.safetensors.checkpoint)" ] && ok || bad "$what: files beside"
cp soft three
run 0 'all is there' $teach --write-soft-labels soft --views 3
says out '^soft is complete: it has 3 views$'
silent out 'engine\|answered\|wrote'
same soft three
run 0 'more of them' $teach --write-soft-labels soft --views 5 --threads 1 --batch 33
says out '^going on from soft: view 4 of 5$'
other soft three
cp soft five
run 0 'fewer of them' $teach --write-soft-labels soft --views 2
says out '^soft is complete: it has 5 views$'
same soft five
run 0 'quietly' $teach --write-soft-labels again --views 5 --quiet
same again five
[ -s out ] || [ -s err ] && bad "$what: it says something" || ok
run 0 'the default' $teach --write-soft-labels eight
says out ' for 8 views of each training image; '
run 0 'one view' --augment none --seed 7 --write-soft-labels one --views 1
says out ' for 1 view of each training image; augmented: none, seed 7$'
run 0 'of a part' $teach --validation 10% --write-soft-labels part --views 2
says out '^data: 1080 training, 120 validation and 300 test images'

# --- interrupted ---
long="$teach --write-soft-labels parts --views 1500"
run 0 'many views' $teach --write-soft-labels many --views 1500 --quiet
# interrupt SIGNAL STATUS
interrupt() {
    : >out
    "$model" train --data data --threads 2 $long >out 2>err &
    pid=$!
    n=0
    until grep -q '^engine' out || [ $n -ge 300 ]; do
        sleep 0.02
        n=$((n + 1))
    done
    sleep 0.1
    kill -"$1" $pid 2>/dev/null
    wait $pid 2>/dev/null
    status=$?
    what="SIG$1"
    [ $status = "$2" ] || [ $status = 0 ] && ok || bad "$what: exit $status, not $2" # a fast machine may be done
}
interrupt INT 130
[ $status = 0 ] || says out '^interrupted; parts has [0-9]* of 1500 views: the same command goes on from there$\|^interrupted before the first view was whole: parts was not written$'
interrupt TERM 143
interrupt KILL 137
run 0 'gone on with' $long
same parts many
ls parts.tmp-* >/dev/null 2>&1 && bad "$what: something is left" || ok

# --- never in the place of something else ---
printf 'my diary\n' >diary
run 1 'a foreign file' $teach --write-soft-labels diary
says err '^train: diary: not a safetensors file'
[ "$(cat diary)" = 'my diary' ] && [ ! -s out ] && ok || bad "$what: it stays, and nothing is said before"
cp tiny.safetensors weights
run 1 'weights in its place' $teach --write-soft-labels weights
says err 'weights: no file of soft labels: its metadata have no "weights"$'
same weights tiny.safetensors
run 1 'another augmentation' --augment flip --write-soft-labels soft --views 9
says err 'soft: soft labels with another "augment" are there already: remove them or name another file$'
run 1 'another seed' $teach --seed 2 --write-soft-labels soft --views 9
says err 'with another "augment"'
run 1 'another part of the data' $teach --validation 10% --write-soft-labels soft --views 9
says err 'soft: soft labels of 1200 training images and 3 classes, where there are 1080 and 3$'
run 0 'another teacher' --out other.safetensors --seed 3 --quiet
run 1 'another teacher' $teach --out other.safetensors --write-soft-labels soft --views 9
says err 'with another "weights"'
same soft five
run 1 'no teacher' $teach --out none.safetensors --write-soft-labels new
says err 'none.safetensors: no such file'
run 1 'no folder' $teach --write-soft-labels nowhere/soft
says err 'nowhere/soft: the folder does not exist or cannot be written'
run 1 'no file' $teach --write-soft-labels /dev/full
says err '/dev/full: not a regular file'
for limit in 1 60; do # of 512 bytes: nothing fits; five views do not, which are 36 kB
    cp three full
    timeout 60 sh -c 'trap "" XFSZ; ulimit -f "$1"; shift; exec "$@"' - $limit "$model" train --data data $teach --write-soft-labels full --views 5 >out 2>err
    status=$? what='a full disk'
    [ $status = 1 ] && ok || bad "$what: exit $status"
    says err '^train: full: cannot write it: File too large; full has 3 of 5 views: the same command goes on from there$'
    same full three
done
run 0 'with room again' $teach --write-soft-labels full --views 5
same full five

# --- learning ---
run 0 'a student' --soft-labels soft --out student.safetensors --log student.jsonl --report student.html
says out '^distillation: the answers of Tiny for 5 views of each image; weight 0.9, temperature 4$'
says out '^recipe, .* augment = \[flip, crop(1)\];$'
right=$(sed -n 's/^test accuracy: float \([0-9]*\).*/\1/p' out)
[ "${right:-0}" -ge 90 ] && ok || bad "$what: it learns"
says student.jsonl '^{"type":"start",.*"distill_weight":0.9,"temperature":4,.*"soft_labels":{"teacher":"Tiny","views":5,"digest":"[0-9a-f]\{64\}"}'
says student.html '<h3>Soft labels</h3>'
says student.html '<tr><th>teacher</th><td>Tiny</td></tr>'
run 0 'the same student' --soft-labels soft --out again.safetensors --threads 1 --loader-threads 2 --quiet
same again.safetensors student.safetensors
[ "$(wc -l <out)" = 1 ] && ok || bad "$what: quietly"
run 0 'another weight' --soft-labels soft --out weight.safetensors --distill-weight 0.5 --quiet
other weight.safetensors student.safetensors
run 0 'another temperature' --soft-labels soft --out warm.safetensors --temperature 2 --quiet
other warm.safetensors student.safetensors
run 0 'other views' --soft-labels three --out views.safetensors --quiet --epochs 4
run 0 'another one answers' $teach --out other.safetensors --write-soft-labels second --views 3 --quiet
run 0 'two teachers' --soft-labels soft --soft-labels second --out two.safetensors --log two.jsonl --quiet
other two.safetensors student.safetensors
says two.jsonl '"soft_labels":{"teacher":"Tiny + Tiny","views":3,"digest":"[0-9a-f]\{64\}"}'
run 0 'two teachers again' --soft-labels soft --soft-labels second --out again.safetensors
says out '^distillation: the answers of Tiny + Tiny for 3 views of each image; weight 0.9, temperature 4$'
same again.safetensors two.safetensors
right=$(sed -n 's/^test accuracy: float \([0-9]*\).*/\1/p' out)
[ "${right:-0}" -ge 90 ] && ok || bad "$what: they teach"
run 1 'the other way round' --soft-labels second --soft-labels soft --out turned.safetensors --log two.jsonl
says err 'two.jsonl: the log of another training'
run 0 'a long training by two' --soft-labels soft --soft-labels second --out both.safetensors --epochs 1000 --quiet
: >out
"$model" train --data data --threads 2 --soft-labels soft --soft-labels second --out halves.safetensors --epochs 1000 >out 2>err &
pid=$!
await '^epoch 3/'
kill -INT $pid
wait $pid
run 0 'gone on with' --soft-labels soft --soft-labels second --out halves.safetensors --epochs 1000
same halves.safetensors both.safetensors
run 1 'bf16 without the engine for it' $teach --write-soft-labels half --views 1 --precision bf16
says err 'precision bf16 needs the engine dnnl'
[ ! -e half ] && ok || bad "$what: something was written"
run 0 'a recipe by name' --soft-labels soft --out preset.safetensors --preset fast --epochs 4 --batch 20 --lr 0.02
says out '^recipe, .* augment = \[flip, crop(1)\]; label_smoothing = 0.1;'
right=$(sed -n 's/^test accuracy: float \([0-9]*\).*/\1/p' out)
[ "${right:-0}" -ge 90 ] && ok || bad "$what: it learns"
run 0 'a validation set' --soft-labels part --validation 10% --out part.safetensors
says out '^best on the validation set: '
timeout 60 "$model" train --data data --soft-labels soft --out fit.safetensors --epochs auto --time-budget 1s >out 2>err
status=$? what='--epochs auto' # of a loaded machine the time may be over before the epochs are
[ $status = 0 ] || [ $status = 4 ] && ok || bad "$what: exit $status"
says out '^distillation: the answers of Tiny for 5 views'
run 1 'the log of a student of others' --soft-labels eight --out eighth.safetensors --log student.jsonl
says err 'student.jsonl: the log of another training'
run 0 'a long training' --soft-labels soft --out long.safetensors --epochs 2 --checkpoint-every 1s --quiet
timeout 60 "$model" train --data data --soft-labels soft --out long.safetensors --epochs 100000 --time-budget 1s --fresh >out 2>err
run 1 'other soft labels in its place' --soft-labels eight --out long.safetensors --epochs 100000
says err 'soft_labels is [0-9a-f]\{12\} there and [0-9a-f]\{12\} here; --fresh starts again'
run 1 'those of a second teacher besides' --soft-labels soft --soft-labels second --out long.safetensors --epochs 100000
says err 'soft_labels is [0-9a-f]\{12\} there and [0-9a-f]\{12\} here; --fresh starts again'
run 1 'no soft labels in its place' $teach --out long.safetensors --epochs 100000
says err 'the recipes have not the same options'

# --- what does not belong together ---
run 1 'no such file' --soft-labels none --out x.safetensors
says err '^train: --soft-labels: none: cannot open it: No such file'
run 1 'a diary' --soft-labels diary --out x.safetensors
says err '^train: --soft-labels: diary: not a safetensors file'
head -c 3000 soft >short
run 1 'cut off' --soft-labels short --out x.safetensors
says err 'short: tensor .logits. lies outside the file (is the file truncated?)'
run 1 'of another part of the data' --soft-labels soft --validation 10% --out x.safetensors
says err 'soft labels of 1200 training images and 3 classes, where there are 1080 and 3'
mkdir data2 && for f in data/*; do cp "$f" data2; done && tr '\001' '\002' <data/train-images-idx3-ubyte >images && {
    head -c 16 data/train-images-idx3-ubyte
    tail -c +17 images
} >data2/train-images-idx3-ubyte
run 1 'a second teacher of other views' --soft-labels soft --soft-labels one --out x.safetensors
says err '^train: --soft-labels: one: all teachers of a student answer for the same views: these are flip 0 .* seed 7, the first teacher.s flip 1 .* seed 1$'
run 1 'no second teacher' --soft-labels soft --soft-labels none --out x.safetensors
says err '^train: --soft-labels: none: cannot open it: No such file'
run 1 'of as many other images' --data data2 --soft-labels soft --out x.safetensors
says err 'soft labels of other training images: teacher and student need the same data set, size of images and validation set$'
[ ! -e x.safetensors ] && [ ! -e x.safetensors.checkpoint ] && ok || bad "$what: something was written"
# refused WORDS OPTION...
refused() {
    words=$1
    shift
    run 2 "$*" "$@"
    says err "$words"
}
refused '--views belongs to --write-soft-labels' --views 3
refused 'belong to --soft-labels' --distill-weight 0.5
refused 'belong to --soft-labels' --temperature 2 --write-soft-labels new
refused 'the file of --soft-labels says how' --soft-labels soft --augment flip
for option in '--soft-labels soft' --quantize --resume --fresh '--log x' '--report x' '--time-budget 1m'; do
    refused '--write-soft-labels does not train' --write-soft-labels new $option
done
for option in '--epochs 3' '--optimizer sgd' '--lr 0.1' '--lr-min 0' '--momentum 0' '--weight-decay 0' '--decay all' '--bias-lr 2' '--schedule constant' \
    '--schedule steps --milestones 2' '--warmup 1' '--label-smoothing 0.1' '--ema 0.9' '--clip 1' --recompute --profile --test-every-epoch \
    --sync-batch-norm '--loader-threads 1'; do
    refused '--write-soft-labels does not train: --[a-z-]* means nothing with it' --write-soft-labels new $option
    says err "train: ${option%% *} means"
    refused '--quantize does not train: --[a-z-]* means nothing with it' --quantize $option
done
refused '--quantize does not train' --quantize --soft-labels soft
refused 'are the same file, tiny.safetensors' --write-soft-labels tiny.safetensors
refused 'are the same file, ./soft' --soft-labels ./soft --log soft
refused '--soft-labels and --soft-labels are the same file, ./soft' --soft-labels soft --soft-labels ./soft
refused '--out and --soft-labels are the same file' --soft-labels soft --out soft
refused 'from 1 to 10000' --write-soft-labels new --views 0
refused 'from 1 to 10000' --write-soft-labels new --views 10001
refused 'from 0.01 to 1000' --soft-labels soft --temperature 0
refused 'from 0 to 1' --soft-labels soft --distill-weight 1.5
[ ! -e new ] && ok || bad 'nothing was written'

printf 'CASES: %d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
