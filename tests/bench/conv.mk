EXTRA_PROGRAMS += tests/bench/bench_conv
BENCHMARKS += tests/bench/bench_conv
tests_bench_bench_conv_SOURCES = tests/bench/bench_conv.c
tests_bench_bench_conv_LDADD = libcnasrt.la
