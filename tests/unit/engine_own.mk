UNIT_TESTS += tests/unit/test_engine_wino
tests_unit_test_engine_wino_SOURCES = tests/unit/test_engine_wino.c $(KERNEL_TEST_SUPPORT)
tests_unit_test_engine_wino_LDADD = $(RUNTIME_TEST_LIBS) -lm
