UNIT_TESTS += tests/unit/test_base_blake2b tests/unit/test_lower_term tests/unit/test_lower_plan
tests_unit_test_base_blake2b_SOURCES = tests/unit/test_base_blake2b.c
tests_unit_test_base_blake2b_LDADD = $(COMPILER_TEST_LIBS)
tests_unit_test_lower_term_SOURCES = tests/unit/test_lower_term.c tests/unit/random_ir.c tests/unit/random_ir.h
tests_unit_test_lower_term_LDADD = $(COMPILER_TEST_LIBS)
RANDOM_NET = tests/support/random_net.c tests/support/random_net.h tests/unit/random_ir.c tests/unit/random_ir.h
tests_unit_test_lower_plan_SOURCES = tests/unit/test_lower_plan.c $(RANDOM_NET)
tests_unit_test_lower_plan_LDADD = $(COMPILER_TEST_LIBS)
UNIT_TESTS += tests/unit/test_fixed_point
tests_unit_test_fixed_point_SOURCES = tests/unit/test_fixed_point.c tests/unit/pass_text.c tests/unit/pass_text.h $(RANDOM_NET)
tests_unit_test_fixed_point_LDADD = $(COMPILER_TEST_LIBS)

check_PROGRAMS += tests/unit/lower_tool
tests_unit_lower_tool_SOURCES = tests/unit/lower_tool.c $(RANDOM_NET)
tests_unit_lower_tool_LDADD = libcnascomp.la

# Golden plans and golden C. The golden C is also compiled, linked and run: generated programs are tested as they are.
dist_check_SCRIPTS += tests/golden/lower.sh tests/e2e/random_nets.sh
TESTS += tests/golden/lower.sh
if HAVE_CHECK
TESTS += tests/e2e/random_nets.sh
endif
EXTRA_DIST += tests/golden/plan tests/golden/emit
UNIT_TESTS += tests/unit/test_generated_mlp tests/unit/test_generated_skip tests/unit/test_generated_rescale
tests_unit_test_generated_mlp_SOURCES = tests/unit/test_generated.c
nodist_tests_unit_test_generated_mlp_SOURCES = tests/golden/emit/mlp/mlp.c tests/golden/emit/mlp/mlp_fixed.c
tests_unit_test_generated_mlp_CPPFLAGS = $(AM_CPPFLAGS) -DNET=mlp
tests_unit_test_generated_mlp_LDADD = $(RUNTIME_TEST_LIBS)
tests_unit_test_generated_skip_SOURCES = tests/unit/test_generated.c
nodist_tests_unit_test_generated_skip_SOURCES = tests/golden/emit/skip/skip.c tests/golden/emit/skip/skip_fixed.c
tests_unit_test_generated_skip_CPPFLAGS = $(AM_CPPFLAGS) -DNET=skip
tests_unit_test_generated_skip_LDADD = $(RUNTIME_TEST_LIBS)
tests_unit_test_generated_rescale_SOURCES = tests/unit/test_generated.c
nodist_tests_unit_test_generated_rescale_SOURCES = tests/golden/emit/rescale/rescale.c tests/golden/emit/rescale/rescale_fixed.c
tests_unit_test_generated_rescale_CPPFLAGS = $(AM_CPPFLAGS) -DNET=rescale
tests_unit_test_generated_rescale_LDADD = $(RUNTIME_TEST_LIBS)
UNIT_TESTS += tests/unit/test_generated_private_skip tests/unit/test_generated_private_rescale
tests_unit_test_generated_private_skip_SOURCES = tests/unit/test_generated_private.c
nodist_tests_unit_test_generated_private_skip_SOURCES = tests/golden/emit/skip/skip.c tests/golden/emit/skip/skip_fixed.c \
	tests/golden/emit/skip/skip_server.c tests/golden/emit/skip/skip_client.c
tests_unit_test_generated_private_skip_CPPFLAGS = $(AM_CPPFLAGS) -DNET=skip
tests_unit_test_generated_private_skip_LDADD = $(RUNTIME_TEST_LIBS)
tests_unit_test_generated_private_rescale_SOURCES = tests/unit/test_generated_private.c
nodist_tests_unit_test_generated_private_rescale_SOURCES = tests/golden/emit/rescale/rescale.c tests/golden/emit/rescale/rescale_fixed.c \
	tests/golden/emit/rescale/rescale_server.c tests/golden/emit/rescale/rescale_client.c
tests_unit_test_generated_private_rescale_CPPFLAGS = $(AM_CPPFLAGS) -DNET=rescale
tests_unit_test_generated_private_rescale_LDADD = $(RUNTIME_TEST_LIBS)
UNIT_TESTS += tests/unit/test_generated_window tests/unit/test_generated_private_window
tests_unit_test_generated_window_SOURCES = tests/unit/test_generated.c
nodist_tests_unit_test_generated_window_SOURCES = tests/golden/emit/window/window.c tests/golden/emit/window/window_fixed.c
tests_unit_test_generated_window_CPPFLAGS = $(AM_CPPFLAGS) -DNET=window
tests_unit_test_generated_window_LDADD = $(RUNTIME_TEST_LIBS)
tests_unit_test_generated_private_window_SOURCES = tests/unit/test_generated_private.c
nodist_tests_unit_test_generated_private_window_SOURCES = tests/golden/emit/window/window.c tests/golden/emit/window/window_fixed.c \
	tests/golden/emit/window/window_server.c tests/golden/emit/window/window_client.c
tests_unit_test_generated_private_window_CPPFLAGS = $(AM_CPPFLAGS) -DNET=window
tests_unit_test_generated_private_window_LDADD = $(RUNTIME_TEST_LIBS)
UNIT_TESTS += tests/unit/test_generated_clear
tests_unit_test_generated_clear_SOURCES = tests/unit/test_generated.c
nodist_tests_unit_test_generated_clear_SOURCES = tests/golden/emit/clear/clear.c
tests_unit_test_generated_clear_CPPFLAGS = $(AM_CPPFLAGS) -DNET=clear
tests_unit_test_generated_clear_LDADD = $(RUNTIME_TEST_LIBS)
UNIT_TESTS += tests/unit/test_generated_pool tests/unit/test_generated_private_pool
tests_unit_test_generated_pool_SOURCES = tests/unit/test_generated.c
nodist_tests_unit_test_generated_pool_SOURCES = tests/golden/emit/pool/pool.c tests/golden/emit/pool/pool_fixed.c
tests_unit_test_generated_pool_CPPFLAGS = $(AM_CPPFLAGS) -DNET=pool
tests_unit_test_generated_pool_LDADD = $(RUNTIME_TEST_LIBS)
tests_unit_test_generated_private_pool_SOURCES = tests/unit/test_generated_private.c
nodist_tests_unit_test_generated_private_pool_SOURCES = tests/golden/emit/pool/pool.c tests/golden/emit/pool/pool_fixed.c \
	tests/golden/emit/pool/pool_server.c tests/golden/emit/pool/pool_client.c
tests_unit_test_generated_private_pool_CPPFLAGS = $(AM_CPPFLAGS) -DNET=pool
tests_unit_test_generated_private_pool_LDADD = $(RUNTIME_TEST_LIBS)
