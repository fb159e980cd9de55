UNIT_TESTS += tests/unit/test_he_conv
tests_unit_test_he_conv_SOURCES = tests/unit/test_he_conv.c tests/unit/he_support.h
tests_unit_test_he_conv_LDADD = $(RUNTIME_TEST_LIBS)
