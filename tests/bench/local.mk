# Benchmarks: `make bench` builds and runs them; they are not part of `make check`.
EXTRA_PROGRAMS += tests/bench/bench_kernel
BENCHMARKS = tests/bench/bench_kernel
tests_bench_bench_kernel_SOURCES = tests/bench/bench_kernel.c
tests_bench_bench_kernel_LDADD = libcnasrt.la
include tests/bench/block.mk
include tests/bench/conv.mk
include tests/bench/he.mk
include tests/bench/gc.mk
include tests/bench/compile.mk
include tests/bench/engine.mk
include tests/bench/train.mk
EXTRA_DIST += tests/bench/collapse.sh
CLEANFILES += $(EXTRA_PROGRAMS)
.PHONY: bench
bench: $(BENCHMARKS)
	@$(AM_TESTS_ENVIRONMENT) for b in $(BENCHMARKS); do ./$$b || exit 1; done
