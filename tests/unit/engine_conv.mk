CONV_TEST_SUPPORT = tests/support/conv_case.c tests/support/conv_case.h tests/support/blocked.c tests/support/blocked.h $(KERNEL_TEST_SUPPORT)
UNIT_TESTS += tests/unit/test_engine_conv
tests_unit_test_engine_conv_SOURCES = tests/unit/test_engine_conv.c $(CONV_TEST_SUPPORT)
tests_unit_test_engine_conv_LDADD = $(RUNTIME_TEST_LIBS)
UNIT_TESTS += tests/unit/test_engine_conv_layer
tests_unit_test_engine_conv_layer_SOURCES = tests/unit/test_engine_conv_layer.c $(CONV_TEST_SUPPORT)
tests_unit_test_engine_conv_layer_LDADD = $(RUNTIME_TEST_LIBS)
UNIT_TESTS += tests/unit/test_engine_dnnl
tests_unit_test_engine_dnnl_SOURCES = tests/unit/test_engine_dnnl.c $(CONV_TEST_SUPPORT)
tests_unit_test_engine_dnnl_LDADD = $(RUNTIME_TEST_LIBS)
UNIT_TESTS += tests/unit/test_engine_tuning
tests_unit_test_engine_tuning_SOURCES = tests/unit/test_engine_tuning.c
tests_unit_test_engine_tuning_LDADD = $(RUNTIME_TEST_LIBS)
UNIT_TESTS += tests/unit/test_engine_conv_kept
tests_unit_test_engine_conv_kept_SOURCES = tests/unit/test_engine_conv_kept.c $(CONV_TEST_SUPPORT)
tests_unit_test_engine_conv_kept_LDADD = $(RUNTIME_TEST_LIBS)
tests_unit_test_engine_conv_kept_LDFLAGS = -Wl,--wrap=cn_mem_alloc
