UNIT_TESTS += tests/unit/test_prg_aes
tests_unit_test_prg_aes_SOURCES = tests/unit/test_prg_aes.c
tests_unit_test_prg_aes_LDADD = $(RUNTIME_TEST_LIBS)
