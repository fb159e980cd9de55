UNIT_TESTS += tests/unit/test_prg_aes
tests_unit_test_prg_aes_SOURCES = tests/unit/test_prg_aes.c
tests_unit_test_prg_aes_LDADD = $(RUNTIME_TEST_LIBS)
UNIT_TESTS += tests/unit/test_ot
tests_unit_test_ot_SOURCES = tests/unit/test_ot.c tests/support/fault.c tests/support/fault.h tests/support/two.c tests/support/two.h
tests_unit_test_ot_LDADD = $(RUNTIME_TEST_LIBS)
