#!/bin/sh
# fuzz.sh run TARGET SECONDS: libFuzzer on one core; what it finds goes to fuzz/TARGET in the build folder, a crash to fuzz/TARGET-found.
# fuzz.sh keep TARGET: the fewest and smallest inputs with the same coverage replace tests/fuzz/corpus/TARGET.
set -eu
top=$(cd "${top_srcdir:?}" && pwd)
program=${top_builddir:?}/tests/fuzz/fuzz_$2
work=$top_builddir/fuzz/$2
kept=$top/tests/fuzz/corpus/$2
limits="-timeout=5 -rss_limit_mb=1024 -max_len=4096"
export ASAN_OPTIONS=detect_leaks=1:quarantine_size_mb=8${ASAN_OPTIONS:+:$ASAN_OPTIONS}

# What people wrote: whole files where they are short enough.
seeds=$work-seeds
rm -rf "$seeds"
mkdir -p "$work" "$work-found" "$seeds"
case $2 in
front) files=$(find "$top/samples" "$top/stdlib" "$top/tests/golden" -name '*.cnas' -size -5k) ;;
ir) files=$(find "$top/tests/golden" -name '*.ir' -size -5k) ;;
esac
for file in $files; do
    cp "$file" "$seeds/$(echo "${file#"$top/"}" | tr / _)"
done
if [ "$2" = ir ]; then
    for file in $(find "$top/samples" "$top/tests/golden/std" "$top/tests/golden/sema" -name '*.cnas'); do
        (cd "$(dirname "$file")" && "${CNASC:?}" build --emit=ir -o "$seeds/$(basename "$file").ir" "$(basename "$file")") >/dev/null 2>&1 || :
    done
fi

case $1 in
run)
    dict=$top/tests/fuzz/cnas.dict
    [ "$2" != ir ] || dict=$top/tests/fuzz/ir.dict
    exec nice -n 10 "$program" $limits -max_total_time="$3" -dict="$dict" -artifact_prefix="$work-found/" \
        -print_final_stats=1 "$work" "$kept" "$seeds"
    ;;
keep)
    rm -rf "$work-small"
    mkdir "$work-small"
    nice -n 10 "$program" $limits -use_counters=0 -merge=1 "$work-small" "$kept" "$work" "$seeds"
    find "$kept" -type f -exec rm -f {} +
    cp "$work-small"/* "$kept/"
    ;;
esac
