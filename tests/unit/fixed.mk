UNIT_TESTS += tests/unit/test_fixed_fold
tests_unit_test_fixed_fold_SOURCES = tests/unit/test_fixed_fold.c tests/support/fixed_net.h
tests_unit_test_fixed_fold_LDADD = $(RUNTIME_TEST_LIBS)
UNIT_TESTS += tests/unit/test_fixed_net
tests_unit_test_fixed_net_SOURCES = tests/unit/test_fixed_net.c tests/support/fixed_net.h
tests_unit_test_fixed_net_LDADD = $(RUNTIME_TEST_LIBS)
tests_unit_test_fixed_net_LDFLAGS = -Wl,--wrap=free
