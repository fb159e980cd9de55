UNIT_TESTS += tests/unit/test_ir_shape tests/unit/test_ir_build
tests_unit_test_ir_shape_SOURCES = tests/unit/test_ir_shape.c
tests_unit_test_ir_shape_LDADD = $(COMPILER_TEST_LIBS)
tests_unit_test_ir_build_SOURCES = tests/unit/test_ir_build.c
tests_unit_test_ir_build_LDADD = $(COMPILER_TEST_LIBS)
