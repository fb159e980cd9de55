UNIT_TESTS += tests/unit/test_base_blake2b tests/unit/test_lower_term tests/unit/test_lower_plan
tests_unit_test_base_blake2b_SOURCES = tests/unit/test_base_blake2b.c
tests_unit_test_base_blake2b_LDADD = $(COMPILER_TEST_LIBS)
tests_unit_test_lower_term_SOURCES = tests/unit/test_lower_term.c tests/unit/random_ir.c tests/unit/random_ir.h
tests_unit_test_lower_term_LDADD = $(COMPILER_TEST_LIBS)
tests_unit_test_lower_plan_SOURCES = tests/unit/test_lower_plan.c tests/unit/random_ir.c tests/unit/random_ir.h
tests_unit_test_lower_plan_LDADD = $(COMPILER_TEST_LIBS)

check_PROGRAMS += tests/unit/lower_tool
tests_unit_lower_tool_SOURCES = tests/unit/lower_tool.c
tests_unit_lower_tool_LDADD = libcnascomp.la
