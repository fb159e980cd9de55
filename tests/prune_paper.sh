#!/bin/sh
# relu-prune on the networks of CryptoNAS: from the CNets with skips as ENAS has them (samples/paper/cnet_unpruned.cnas) it makes the
# released ones, ReLU for ReLU and operator for operator. And what the tables of docs/passes.md say is what cnasc counts.
set -u
cnasc=${CNASC:?}
top=$(cd "${top_srcdir:?}" && pwd)
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT INT TERM
passed=0 failed=0
unpruned=$top/samples/paper/cnet_unpruned.cnas

ok() { # STATUS WHAT
    if [ "$1" -eq 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)) && echo "FAILED $2"; fi
}

# Are two texts of --emit=ir one network, up to its name, the names, places and order of nodes, and budgets? A node's form is its operator,
# attributes, inputs and shape, with a number for each input: that of the input's form. The same forms, each as often, and the same outputs.
same() {
    awk '
        FNR == 1 { file++ }
        /^%/ {
            sub(/ (at|in) ".*/, "")
            form = ""
            for (i = 3; i <= NF; i++) if ($i != "keep" && $i != "prune") form = form " " ($i ~ /^%/ ? "#" number[file, $i] : $i)
            if (!(form in of)) of[form] = ++n
            number[file, $1] = of[form]
            count[form] += file == 1 ? 1 : -1
        }
        /^output/ { count["output " $2 " #" number[file, $4]] += file == 1 ? 1 : -1 }
        /^train/ { count[$0] += file == 1 ? 1 : -1 }
        END { for (form in count) if (count[form]) exit 1; exit n == 0 }
    ' "$1" "$2"
}

ir() { "$cnasc" build -w --emit=ir "$@"; }
relus() { "$cnasc" check -w "$@" | awk '/^total/ && !n++ { gsub(/,/, ""); print $NF }'; }

expect() { # RELUS WHAT OPTION...
    want=$1 what=$2
    shift 2
    got=$(relus "$@")
    [ "$got" = "$want" ]
    ok $? "$what: $got ReLUs, not $want"
}

# The released networks, from form (b) of the paper's figure with balanced channels. skips alone leaves the ReLUs of those joins that join
# nothing with the layer: so many layers have no skip.
while read -r classes net width released bare; do
    name=cifar${classes}_cnet$net
    arc="-D classes=$classes -D net=$net"
    ir "$unpruned" $arc -frelu-prune >"$tmp/pruned.ir"
    ir "$top/samples/paper/$name.cnas" >"$tmp/released.ir"
    ir "$unpruned" $arc >"$tmp/unpruned.ir"
    same "$tmp/pruned.ir" "$tmp/released.ir"
    ok $? "$name: relu-prune does not give the released network"
    ! same "$tmp/unpruned.ir" "$tmp/released.ir"
    ok $? "$name: the comparison sees no difference"
    ir "$unpruned" $arc -fno-relu-shuffle -frelu-prune=skips,marked >"$tmp/pruned.ir"
    same "$tmp/pruned.ir" "$tmp/released.ir"
    ok $? "$name: relu-prune with skips does not give the released network"
    expect "$released" "$name pruned" "$unpruned" $arc -frelu-prune
    expect $((released + bare * width * 1024)) "$name without ReLUs on skips" "$unpruned" $arc -frelu-prune=skips
done <<EOT
10 1 14 86016 1
10 2 28 344064 1
10 3 56 1376256 2
100 1 14 86016 3
100 2 28 344064 2
100 3 56 1376256 3
EOT
! same "$tmp/pruned.ir" "$tmp/unpruned.ir"
ok $? "the comparison sees no difference"

# docs/passes.md: a row of the table for each form of each arc.
rows=$(sed -n 's/^| \([A-Za-z]*\) | CIFAR-\([0-9]*\) CNet\([0-9]\) |/\1 \2 \3 /p' "$top/docs/passes.md" | tr -d ',|')
while read -r form classes net written shuffled shuffle_times skips skips_times marked marked_times; do
    arc="-D classes=$classes -D net=$net"
    case $form in
    ENAS) arc="$arc -D growth=2 -D one_by_one=true" ;;
    doubled) arc="$arc -D growth=2" ;;
    esac
    what="docs/passes.md, $form CIFAR-$classes CNet$net"
    expect "$written" "$what as written" "$unpruned" $arc -O0
    expect "$shuffled" "$what shuffled" "$unpruned" $arc
    expect "$skips" "$what without ReLUs on skips" "$unpruned" $arc -frelu-prune=skips
    expect "$marked" "$what pruned" "$unpruned" $arc -frelu-prune
    times=$(awk "BEGIN { printf \"%.2f %.2f %.2f\", $written / $shuffled, $written / $skips, $written / $marked }")
    [ "$times" = "$shuffle_times $skips_times $marked_times" ]
    ok $? "$what: $times times fewer"
done <<EOT
$rows
EOT

echo "CASES: $passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -eq $((31 + 18 * 5)) ]
