EXTRA_PROGRAMS += tests/bench/bench_conv
BENCHMARKS += tests/bench/bench_conv
tests_bench_bench_conv_SOURCES = tests/bench/bench_conv.c
tests_bench_bench_conv_LDADD = libcnasrt.la
# Our Winograd kernels beside oneDNN's, on one core: the table of docs/benchmarks.md.
.PHONY: bench-winograd
bench-winograd: tests/bench/bench_conv
	@$(AM_TESTS_ENVIRONMENT) tests/bench/bench_conv winograd
