UNIT_TESTS += tests/unit/test_he_ntt tests/unit/test_he_params tests/unit/test_he_conv tests/unit/test_he_noise tests/unit/test_he_wire
EXTRA_DIST += tests/kat/ntt.py tests/kat/ntt.txt
tests_unit_test_he_ntt_SOURCES = tests/unit/test_he_ntt.c tests/unit/he_support.h
tests_unit_test_he_ntt_LDADD = $(RUNTIME_TEST_LIBS)
tests_unit_test_he_params_SOURCES = tests/unit/test_he_params.c tests/unit/he_support.h
tests_unit_test_he_params_LDADD = $(RUNTIME_TEST_LIBS) -lm
tests_unit_test_he_conv_SOURCES = tests/unit/test_he_conv.c tests/unit/he_support.h
tests_unit_test_he_conv_LDADD = $(RUNTIME_TEST_LIBS)
tests_unit_test_he_noise_SOURCES = tests/unit/test_he_noise.c tests/unit/he_support.h
tests_unit_test_he_noise_LDADD = $(RUNTIME_TEST_LIBS) -lm
tests_unit_test_he_wire_SOURCES = tests/unit/test_he_wire.c tests/unit/he_support.h
tests_unit_test_he_wire_LDADD = $(RUNTIME_TEST_LIBS)
tests_unit_test_he_wire_LDFLAGS = -Wl,--wrap=free
