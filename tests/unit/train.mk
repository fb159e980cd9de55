UNIT_TESTS += tests/unit/test_train
tests_unit_test_train_SOURCES = tests/unit/test_train.c
tests_unit_test_train_LDADD = $(RUNTIME_TEST_LIBS)
