EXTRA_PROGRAMS += tests/bench/bench_block
BENCHMARKS += tests/bench/bench_block
tests_bench_bench_block_SOURCES = tests/bench/bench_block.c
tests_bench_bench_block_LDADD = libcnasrt.la
