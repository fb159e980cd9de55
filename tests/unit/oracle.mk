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

# Laws of passes on random graphs, and on the samples.
PASS_PROPERTY = \
	tests/support/pass_property.c tests/support/pass_property.h \
	tests/support/random_dag.c tests/support/random_dag.h \
	tests/support/random_moves.c tests/support/random_moves.h \
	tests/support/shrink.c tests/support/shrink.h \
	tests/unit/random_ir.c tests/unit/random_ir.h
PASS_CLAIMS = tests/support/pass_claims.c tests/support/pass_claims.h
UNIT_TESTS += tests/unit/test_pass_property tests/unit/test_pass_harness tests/unit/test_collapse tests/unit/test_collapse_forms
tests_unit_test_collapse_SOURCES = tests/unit/test_collapse.c $(PASS_PROPERTY) $(PASS_CLAIMS)
tests_unit_test_collapse_LDADD = $(ORACLE_TEST_LIBS)
tests_unit_test_collapse_forms_SOURCES = tests/unit/test_collapse_forms.c $(PASS_PROPERTY) $(PASS_CLAIMS)
tests_unit_test_collapse_forms_LDADD = $(ORACLE_TEST_LIBS)
tests_unit_test_pass_property_SOURCES = tests/unit/test_pass_property.c $(PASS_PROPERTY) $(PASS_CLAIMS)
tests_unit_test_pass_property_LDADD = $(ORACLE_TEST_LIBS)
tests_unit_test_pass_harness_SOURCES = tests/unit/test_pass_harness.c $(PASS_PROPERTY)
tests_unit_test_pass_harness_LDADD = $(ORACLE_TEST_LIBS)

check_PROGRAMS += tests/unit/pass_tool
tests_unit_pass_tool_SOURCES = tests/unit/pass_tool.c $(PASS_PROPERTY) $(PASS_CLAIMS)
tests_unit_pass_tool_LDADD = libcnasoracle.la libcnascomp.la libcnasrt.la
dist_check_SCRIPTS += tests/pass_samples.sh
TESTS += tests/pass_samples.sh
