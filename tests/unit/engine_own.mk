WINO_TEST_SUPPORT = tests/support/wino_ref.c tests/support/wino_ref.h $(KERNEL_TEST_SUPPORT)
UNIT_TESTS += tests/unit/test_engine_wino
tests_unit_test_engine_wino_SOURCES = tests/unit/test_engine_wino.c $(WINO_TEST_SUPPORT)
tests_unit_test_engine_wino_LDADD = $(RUNTIME_TEST_LIBS) -lm
UNIT_TESTS += tests/unit/test_engine_wino_simd
tests_unit_test_engine_wino_simd_SOURCES = tests/unit/test_engine_wino_simd.c $(WINO_TEST_SUPPORT)
tests_unit_test_engine_wino_simd_LDADD = $(RUNTIME_TEST_LIBS) -lm
