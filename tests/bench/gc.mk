EXTRA_PROGRAMS += tests/bench/bench_gc
BENCHMARKS += tests/bench/bench_gc
tests_bench_bench_gc_SOURCES = tests/bench/bench_gc.c
tests_bench_bench_gc_LDADD = libcnasrt.la
