UNIT_TESTS += tests/unit/test_engine_conv
tests_unit_test_engine_conv_SOURCES = tests/unit/test_engine_conv.c $(KERNEL_TEST_SUPPORT)
tests_unit_test_engine_conv_LDADD = $(RUNTIME_TEST_LIBS)
UNIT_TESTS += tests/unit/test_engine_tuning
tests_unit_test_engine_tuning_SOURCES = tests/unit/test_engine_tuning.c
tests_unit_test_engine_tuning_LDADD = $(RUNTIME_TEST_LIBS)
