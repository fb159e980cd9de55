check_PROGRAMS += tests/support/front_dump
tests_support_front_dump_SOURCES = tests/support/front_dump.c
tests_support_front_dump_LDADD = libcnascomp.la
