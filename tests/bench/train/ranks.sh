#!/bin/sh
# What it gains to sum gradients while the backward pass runs (ranks.c), over links of several speeds, as a Markdown table. The slow links are a
# token bucket on the loopback device of a network namespace of its own: a bandwidth, both directions together twice the one that is named,
# without a longer way. That needs root, iproute2 and the kernel's tbf; without them only the first two rows come.
# usage: ranks.sh CNASC BUILD SOURCE LIBS      environment: RANKS (2), THREADS of a rank (1), SECONDS_EACH (10), NETS, LINKS, SYNC
set -eu
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
cnasc=$1 build=$2 source=$3 libs=$4
here=$source/tests/bench/train
[ -f "$build/libcnasmpi.la" ] || { echo "ranks.sh: cnasc is configured without --with-mpi"; exit 1; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# Ranks of one machine: as root, more of them than cores, each where the kernel puts it.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
export OMPI_MCA_btl_vader_single_copy_mechanism=none

compile() {
    "$cnasc" build --targets=train,infer "$source/$2" -o "$tmp/$1" >"$tmp/log" || { cat "$tmp/log"; exit 1; }
    for name in "$tmp/$1"/*_internal.h; do name=$(basename "$name" _internal.h); done
    # shellcheck disable=SC2086,SC2046 # libraries are several words
    ${CC:-cc} -O2 -std=gnu11 -DMODEL="${name}_model" -I "$source/runtime/include" -o "$tmp/$1-ranks" "$here/ranks.c" "$tmp/$1/$name.c" \
        "$build/.libs/libcnasmpi.a" "$build/.libs/libcnas.a" $libs $(pkg-config --libs mpi-c 2>/dev/null || pkg-config --libs ompi-c)
}

# over LINK COMMAND...
over() {
    link=$1
    shift
    case $link in
    memory) OMPI_MCA_btl=self,vader "$@" ;;
    tcp) OMPI_MCA_btl=self,tcp OMPI_MCA_btl_tcp_if_include=lo "$@" ;;
    *)
        # shellcheck disable=SC2016 # expanded inside
        OMPI_MCA_btl=self,tcp OMPI_MCA_btl_tcp_if_include=lo OMPI_MCA_oob_tcp_if_include=lo unshare -n sh -c '
            ip link set lo up && tc qdisc add dev lo root tbf rate $((2 * $0))mbit burst 256kb latency 200ms && exec "$@"' "$link" "$@"
        ;;
    esac
}

of() { sed -n "s/.*\"$1\": \[*\([0-9.]*\).*/\1/p" "$tmp/out"; }
waited() { sed -n "s/.*\"$1\": \[[0-9.]*, \([0-9.]*\)\].*/\1/p" "$tmp/out"; }

echo "${RANKS:-2} ranks of ${THREADS:-1} threads on one machine, batches of 128 in all; medians of steps that took turns over ${SECONDS_EACH:-10} s; milliseconds"
echo
echo "| network | gradients, MB | link | step without sums | sums after backward | sums meanwhile | still waited | hidden |"
echo "|---|--:|---|--:|--:|--:|--:|--:|"
for net in ${NETS:-resnet20 resnet18}; do
    compile "$net" "tests/bench/train/$net.cnas"
    for link in ${LINKS:-memory tcp 1000 100}; do
        over "$link" mpirun -np "${RANKS:-2}" "$tmp/$net-ranks" fp32 "${THREADS:-1}" 128 "${SECONDS_EACH:-10}" ${SYNC:+sync} >"$tmp/out" 2>"$tmp/log" ||
            { cat "$tmp/log"; continue; }
        case $link in memory) text="shared memory" ;; tcp) text="TCP, loopback" ;; *) text="TCP, $link Mbit/s" ;; esac
        awk -v net="$net" -v mb="$(of gradient_mb)" -v link="$text" -v alone="$(of alone)" -v after="$(of after)" -v meanwhile="$(of overlapped)" \
            -v wait="$(waited overlapped)" 'BEGIN {
                cost = after - alone
                printf "| %s | %.1f | %s | %.0f | %.0f | %.0f | %.1f | %s |\n", net, mb, link, alone, after, meanwhile, wait,
                    (cost > 0.01 * alone) ? sprintf("%.0f %%", 100 * (after - meanwhile) / cost) : "–"
            }'
    done
done
