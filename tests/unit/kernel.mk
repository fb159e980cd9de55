KERNEL_TEST_SUPPORT = tests/support/grad.c tests/support/grad.h tests/support/kernel_ref.c tests/support/kernel_ref.h
UNIT_TESTS += tests/unit/test_kernel_conv
tests_unit_test_kernel_conv_SOURCES = tests/unit/test_kernel_conv.c $(KERNEL_TEST_SUPPORT)
tests_unit_test_kernel_conv_LDADD = $(RUNTIME_TEST_LIBS)
UNIT_TESTS += tests/unit/test_kernel_layers
tests_unit_test_kernel_layers_SOURCES = tests/unit/test_kernel_layers.c $(KERNEL_TEST_SUPPORT)
tests_unit_test_kernel_layers_LDADD = $(RUNTIME_TEST_LIBS)
