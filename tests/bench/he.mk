EXTRA_PROGRAMS += tests/bench/bench_he
BENCHMARKS += tests/bench/bench_he
tests_bench_bench_he_SOURCES = tests/bench/bench_he.c
tests_bench_bench_he_LDADD = libcnasrt.la
