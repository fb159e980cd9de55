UNIT_TESTS += tests/unit/test_ir_shape tests/unit/test_ir_build
tests_unit_test_ir_shape_SOURCES = tests/unit/test_ir_shape.c
tests_unit_test_ir_shape_LDADD = $(COMPILER_TEST_LIBS)
tests_unit_test_ir_build_SOURCES = tests/unit/test_ir_build.c
tests_unit_test_ir_build_LDADD = $(COMPILER_TEST_LIBS)

UNIT_TESTS += tests/unit/test_ir_verify tests/unit/test_ir_text tests/unit/test_ir_cost
tests_unit_test_ir_verify_SOURCES = tests/unit/test_ir_verify.c
tests_unit_test_ir_verify_LDADD = $(COMPILER_TEST_LIBS)
tests_unit_test_ir_text_SOURCES = tests/unit/test_ir_text.c tests/unit/random_ir.c tests/unit/random_ir.h
tests_unit_test_ir_text_LDADD = $(COMPILER_TEST_LIBS)
tests_unit_test_ir_cost_SOURCES = tests/unit/test_ir_cost.c
tests_unit_test_ir_cost_LDADD = $(COMPILER_TEST_LIBS)

UNIT_TESTS += tests/unit/test_pass
tests_unit_test_pass_SOURCES = tests/unit/test_pass.c tests/unit/random_ir.c tests/unit/random_ir.h
tests_unit_test_pass_LDADD = $(COMPILER_TEST_LIBS)
UNIT_TESTS += tests/unit/test_pass_prune
tests_unit_test_pass_prune_SOURCES = tests/unit/test_pass_prune.c
tests_unit_test_pass_prune_LDADD = $(COMPILER_TEST_LIBS)
dist_check_SCRIPTS += tests/prune_paper.sh
TESTS += tests/prune_paper.sh

BALANCE_TEST_SUPPORT = tests/support/balance.c tests/support/balance.h tests/unit/pass_text.c tests/unit/pass_text.h
UNIT_TESTS += tests/unit/test_pass_balance
tests_unit_test_pass_balance_SOURCES = tests/unit/test_pass_balance.c $(BALANCE_TEST_SUPPORT)
tests_unit_test_pass_balance_LDADD = $(COMPILER_TEST_LIBS)
UNIT_TESTS += tests/unit/test_pass_balance_laws
tests_unit_test_pass_balance_laws_SOURCES = tests/unit/test_pass_balance_laws.c tests/unit/random_ir.c tests/unit/random_ir.h $(BALANCE_TEST_SUPPORT)
tests_unit_test_pass_balance_laws_LDADD = $(COMPILER_TEST_LIBS)

dist_check_SCRIPTS += tests/layers.sh tests/golden/golden.sh
TESTS += tests/layers.sh tests/golden/golden.sh
EXTRA_DIST += tests/layers.txt tests/golden

UNIT_TESTS += tests/unit/test_ir_json
tests_unit_test_ir_json_SOURCES = tests/unit/test_ir_json.c tests/unit/random_ir.c tests/unit/random_ir.h
tests_unit_test_ir_json_LDADD = $(COMPILER_TEST_LIBS) $(JANSSON_LIBS)

UNIT_TESTS += tests/unit/test_shuffle
tests_unit_test_shuffle_SOURCES = tests/unit/test_shuffle.c tests/unit/pass_text.c tests/unit/pass_text.h tests/unit/random_ir.c tests/unit/random_ir.h
tests_unit_test_shuffle_LDADD = $(COMPILER_TEST_LIBS)

UNIT_TESTS += tests/unit/test_fold_cse
tests_unit_test_fold_cse_SOURCES = tests/unit/test_fold_cse.c tests/unit/pass_text.c tests/unit/pass_text.h
tests_unit_test_fold_cse_LDADD = $(COMPILER_TEST_LIBS)
