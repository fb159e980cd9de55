UNIT_TESTS += tests/unit/test_train
tests_unit_test_train_SOURCES = tests/unit/test_train.c
tests_unit_test_train_LDADD = $(RUNTIME_TEST_LIBS)
UNIT_TESTS += tests/unit/test_split
tests_unit_test_split_SOURCES = tests/unit/test_split.c
tests_unit_test_split_LDADD = $(RUNTIME_TEST_LIBS)
