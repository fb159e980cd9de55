EXTRA_PROGRAMS += tests/bench/bench_engine
tests_bench_bench_engine_SOURCES = tests/bench/bench_engine.c
tests_bench_bench_engine_LDADD = libcnasoracle.la libcnascomp.la libcnasrt.la
