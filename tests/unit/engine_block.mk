BLOCKED_TEST_SUPPORT = tests/support/blocked.c tests/support/blocked.h tests/support/grad.c tests/support/grad.h
UNIT_TESTS += tests/unit/test_engine_block
tests_unit_test_engine_block_SOURCES = tests/unit/test_engine_block.c $(BLOCKED_TEST_SUPPORT)
tests_unit_test_engine_block_LDADD = $(RUNTIME_TEST_LIBS)
UNIT_TESTS += tests/unit/test_engine_layout
tests_unit_test_engine_layout_SOURCES = tests/unit/test_engine_layout.c tests/support/kernel_ref.c tests/support/kernel_ref.h $(BLOCKED_TEST_SUPPORT)
tests_unit_test_engine_layout_LDADD = $(RUNTIME_TEST_LIBS)
