UNIT_TESTS += tests/unit/test_explain
tests_unit_test_explain_SOURCES = tests/unit/test_explain.c
tests_unit_test_explain_LDADD = $(COMPILER_TEST_LIBS)

UNIT_TESTS += tests/unit/test_fmt
tests_unit_test_fmt_SOURCES = tests/unit/test_fmt.c
tests_unit_test_fmt_LDADD = $(COMPILER_TEST_LIBS)

dist_check_SCRIPTS += tests/fmt.sh tests/editors.sh
TESTS += tests/fmt.sh tests/editors.sh

dist_check_SCRIPTS += tests/report.sh
TESTS += tests/report.sh

UNIT_TESTS += tests/unit/test_report
tests_unit_test_report_SOURCES = tests/unit/test_report.c tests/unit/random_ir.c tests/unit/random_ir.h
tests_unit_test_report_LDADD = $(COMPILER_TEST_LIBS)
