EXTRA_PROGRAMS += tests/bench/bench_compile
tests_bench_bench_compile_SOURCES = tests/bench/bench_compile.c
.PHONY: bench-compile
bench-compile: tests/bench/bench_compile cnasc
	tests/bench/bench_compile ./cnasc '$(srcdir)/samples'
# And how long each pass takes.
EXTRA_PROGRAMS += tests/bench/bench_passes
tests_bench_bench_passes_SOURCES = tests/bench/bench_passes.c
tests_bench_bench_passes_LDADD = libcnascomp.la
.PHONY: bench-passes
bench-passes: tests/bench/bench_passes cnasc
	tests/bench/bench_passes ./cnasc '$(srcdir)/samples'
