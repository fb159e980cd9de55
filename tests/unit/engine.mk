# The engine's schedule against the portable path, on random graphs and on the samples.
ENGINE_CHECK = \
	tests/support/engine_check.c tests/support/engine_check.h \
	tests/support/random_dag.c tests/support/random_dag.h \
	tests/support/random_moves.c tests/support/random_moves.h \
	tests/unit/random_ir.c tests/unit/random_ir.h
UNIT_TESTS += tests/unit/test_engine
tests_unit_test_engine_SOURCES = tests/unit/test_engine.c $(ENGINE_CHECK) $(BLOCKED_TEST_SUPPORT)
tests_unit_test_engine_LDADD = $(ORACLE_TEST_LIBS)
check_PROGRAMS += tests/unit/engine_tool
tests_unit_engine_tool_SOURCES = tests/unit/engine_tool.c $(ENGINE_CHECK)
tests_unit_engine_tool_LDADD = libcnasoracle.la libcnascomp.la libcnasrt.la
dist_check_SCRIPTS += tests/engine_samples.sh
TESTS += tests/engine_samples.sh
