UNIT_TESTS += tests/unit/test_data
tests_unit_test_data_SOURCES = tests/unit/test_data.c
tests_unit_test_data_LDADD = $(RUNTIME_TEST_LIBS)
UNIT_TESTS += tests/unit/test_dataset
tests_unit_test_dataset_SOURCES = tests/unit/test_dataset.c
tests_unit_test_dataset_LDADD = $(RUNTIME_TEST_LIBS)
