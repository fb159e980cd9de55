check_PROGRAMS += tests/support/front_dump
tests_support_front_dump_SOURCES = tests/support/front_dump.c
tests_support_front_dump_LDADD = libcnascomp.la

UNIT_TESTS += tests/unit/test_front
tests_unit_test_front_SOURCES = tests/unit/test_front.c
tests_unit_test_front_LDADD = $(COMPILER_TEST_LIBS)

dist_check_SCRIPTS += tests/golden/front.sh tests/front_hostile.sh tests/front_docs.sh tests/diag_codes.sh
TESTS += tests/golden/front.sh tests/front_hostile.sh tests/front_docs.sh tests/diag_codes.sh
EXTRA_DIST += tests/golden/parse tests/golden/sema tests/golden/errors
