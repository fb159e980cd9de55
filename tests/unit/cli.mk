check_PROGRAMS += tests/support/cli_model
tests_support_cli_model_SOURCES = tests/support/cli_model.c
tests_support_cli_model_LDADD = libcnascliobj.la libcnasrt.la
dist_check_SCRIPTS += tests/unit/test_cli.sh tests/unit/test_distill.sh
TESTS += tests/unit/test_cli.sh tests/unit/test_distill.sh
EXTRA_DIST += tests/support/cli_cases.sh
