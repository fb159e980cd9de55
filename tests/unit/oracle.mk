# The executor; the golden networks are linked in.
ORACLE_TEST_LIBS = libcnasoracle.la libcnascomp.la libcnasrt.la $(CHECK_LIBS)
UNIT_TESTS += tests/unit/test_oracle
tests_unit_test_oracle_SOURCES = tests/unit/test_oracle.c
nodist_tests_unit_test_oracle_SOURCES = \
	tests/golden/emit/mlp/mlp.c tests/golden/emit/mlp/mlp_fixed.c \
	tests/golden/emit/skip/skip.c tests/golden/emit/skip/skip_fixed.c \
	tests/golden/emit/rescale/rescale.c tests/golden/emit/rescale/rescale_fixed.c \
	tests/golden/emit/window/window.c tests/golden/emit/window/window_fixed.c \
	tests/golden/emit/pool/pool.c tests/golden/emit/pool/pool_fixed.c \
	tests/golden/emit/clear/clear.c
tests_unit_test_oracle_LDADD = $(ORACLE_TEST_LIBS)

UNIT_TESTS += tests/unit/test_pass_property
tests_unit_test_pass_property_SOURCES = tests/unit/test_pass_property.c \
	tests/support/pass_property.c tests/support/pass_property.h \
	tests/support/random_dag.c tests/support/random_dag.h \
	tests/support/shrink.c tests/support/shrink.h \
	tests/unit/random_ir.c tests/unit/random_ir.h
tests_unit_test_pass_property_LDADD = $(ORACLE_TEST_LIBS)
