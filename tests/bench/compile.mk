EXTRA_PROGRAMS += tests/bench/bench_compile
tests_bench_bench_compile_SOURCES = tests/bench/bench_compile.c
.PHONY: bench-compile
bench-compile: tests/bench/bench_compile cnasc
	tests/bench/bench_compile ./cnasc '$(srcdir)/samples'
