#!/bin/sh
# The server and client programs as processes over TCP: good sessions, every kind of bad peer and bad option, and that the
# server outlives them all.
set -u
program=$top_builddir/tests/support/tiny_program
work=$(mktemp -d) || exit 99
server=
finish() {
    [ -z "$server" ] || kill -9 "$server" 2>/dev/null
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 99' INT TERM
cd "$work" || exit 99
passed=0 failed=0

# verdict NAME STATUS
verdict() {
    if [ "$2" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $1"
        tail -n 8 out | sed 's/^/    out: /'
        [ ! -f log ] || tail -n 8 log | sed 's/^/    server: /'
    fi
}
# ok NAME PATTERN COMMAND...: exit status 0 and output that holds the pattern (empty: any output)
ok() {
    name=$1 pattern=$2
    shift 2
    "$@" >out 2>&1 && { [ -z "$pattern" ] || grep -q -e "$pattern" out; }
    verdict "$name" $?
}
# fails NAME STATUS PATTERN COMMAND...: this exit status and such a message
fails() {
    name=$1 want=$2 pattern=$3
    shift 3
    "$@" >out 2>&1
    [ $? = "$want" ] && grep -q -e "$pattern" out
    verdict "$name" $?
}
start() {
    rm -f port
    "$program" server --listen 127.0.0.1:0 --port-file port --key k --deadline 2 "$@" >log 2>&1 &
    server=$!
    tries=0
    while [ ! -s port ] && kill -0 "$server" 2>/dev/null && [ $tries -lt 200 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
    port=$(cat port)
}
# stop NAME SIGNAL: the server ends well, in time
stop() {
    kill "-$2" "$server" 2>/dev/null
    wait "$server"
    code=$?
    server=
    cp log out
    [ $code = 0 ] && grep -q 'stopped$' log
    verdict "$1" $?
}
client() {
    "$program" client --connect "127.0.0.1:$port" --key k.pub --deadline 2 "$@"
}

ok prepare '' "$program" prepare
start
[ "$(stat -c %a k)" = 600 ]
verdict 'secret key is private' $?
ok 'one image' 'a.pgm.* yes ' client --check tiny.fixed.safetensors a.pgm
ok 'two images' '2 of 2 equal' client --check tiny.fixed.safetensors a.pgm b.pgm
ok 'runs ahead' '5 of 5 equal' client --check tiny.fixed.safetensors --ahead 3 a.pgm b.pgm a.pgm a.pgm b.pgm
ok 'key as digits' '1 image' "$program" client --connect "127.0.0.1:$port" --key "$(cat k.pub)" a.pgm
ok json '"equal": true' client --json --check tiny.fixed.safetensors a.pgm

fails 'nowhere to write the results' 1 'cannot write' sh -c '"$0" "$@" >/dev/full' "$program" client --connect "127.0.0.1:$port" --key k.pub a.pgm
fails 'wrong key' 1 'pinned key' "$program" client --connect "127.0.0.1:$port" --key "$(printf '%064d' 1 | tr 1 9)" a.pgm
fails 'another network' 1 'a00000000000.*0123456789ab' env TINY_OTHER=1 "$program" client --connect "127.0.0.1:$port" --key k.pub a.pgm
for how in garbage http greeting hangup silence; do
    ok "bad client: $how" '' "$program" bad "$port" $how
done
ok 'after all that' '1 of 1 equal' client --check tiny.fixed.safetensors a.pgm
"$program" bad "$port" silence &
quiet=$!
ok 'beside a silent client' '1 of 1 equal' client --check tiny.fixed.safetensors a.pgm
wait $quiet

client --ahead 4 $(yes a.pgm | head -n 400) >out2 2>&1 & # hangs up in the middle
noisy=$!
sleep 0.5
kill -9 $noisy
wait $noisy 2>/dev/null
ok 'after a client was killed' '1 of 1 equal' client --check tiny.fixed.safetensors a.pgm
stop 'stops on SIGTERM' TERM

fails 'no server' 1 'cannot connect' client --wait 0 a.pgm
start --max-queries 2
ok 'within the limit' '2 images' client a.pgm b.pgm
fails 'beyond the limit' 1 'at most 2 inferences' client a.pgm b.pgm a.pgm
stop 'stops on SIGINT' INT
start --once
ok 'the only client' '1 of 1 equal' client --check tiny.fixed.safetensors a.pgm
wait "$server"
verdict '--once ends well' $?
start --once
"$program" bad "$port" garbage
wait "$server"
[ $? = 1 ]
verdict '--once tells of a bad session' $?
start --idle 0.3 --max-clients 1
ok 'an idle session makes room' '1 image' client a.pgm
stop 'stops' TERM

fails 'no key' 2 'key is needed' "$program" client a.pgm
fails 'no image' 2 'give' "$program" client --key k.pub
fails 'no such image' 1 'nothere.pgm' client nothere.pgm
fails 'bad index' 2 'not a list' client --data . --index 3-
fails 'bad address' 1 'not an address' "$program" client --connect nonsense --key k.pub a.pgm
fails 'bad key' 1 'not a key' "$program" client --key a.pgm a.pgm
fails 'unknown option' 2 'unknown option' "$program" server --nonsense
fails 'no weights' 1 'nothere' "$program" server --fixed nothere
fails 'weights of another network' 1 'another build' env TINY_OTHER=1 "$program" server --key k
chmod 644 k
fails 'open secret' 1 'chmod 600' "$program" server --key k
head -c 200 tiny.fixed.safetensors >cut
fails 'cut weights' 1 'cut' "$program" server --fixed cut
ok help 'Usage' "$program" client --help
ok help 'Usage' "$program" server --help

echo "CASES: $passed passed, $failed failed"
[ $failed = 0 ]
