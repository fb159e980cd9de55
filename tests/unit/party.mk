UNIT_TESTS += tests/unit/test_net_chan
tests_unit_test_net_chan_SOURCES = tests/unit/test_net_chan.c tests/support/fault.c tests/support/fault.h
tests_unit_test_net_chan_LDADD = $(RUNTIME_TEST_LIBS)
UNIT_TESTS += tests/unit/test_net_secure
tests_unit_test_net_secure_SOURCES = tests/unit/test_net_secure.c
tests_unit_test_net_secure_LDADD = $(RUNTIME_TEST_LIBS)
UNIT_TESTS += tests/unit/test_net_key
tests_unit_test_net_key_SOURCES = tests/unit/test_net_key.c
tests_unit_test_net_key_LDADD = $(RUNTIME_TEST_LIBS)
WORLD_TEST_SUPPORT = tests/support/world.c tests/support/world.h tests/support/tiny.c tests/support/tiny.h
UNIT_TESTS += tests/unit/test_party_session
tests_unit_test_party_session_SOURCES = tests/unit/test_party_session.c $(WORLD_TEST_SUPPORT)
tests_unit_test_party_session_LDADD = $(RUNTIME_TEST_LIBS)
UNIT_TESTS += tests/unit/test_party_refusal
tests_unit_test_party_refusal_SOURCES = tests/unit/test_party_refusal.c $(WORLD_TEST_SUPPORT)
tests_unit_test_party_refusal_LDADD = $(RUNTIME_TEST_LIBS)
UNIT_TESTS += tests/unit/test_party_secrecy
tests_unit_test_party_secrecy_SOURCES = tests/unit/test_party_secrecy.c $(WORLD_TEST_SUPPORT)
tests_unit_test_party_secrecy_LDADD = $(RUNTIME_TEST_LIBS)
UNIT_TESTS += tests/unit/test_party_fault
tests_unit_test_party_fault_SOURCES = tests/unit/test_party_fault.c tests/support/fault.c tests/support/fault.h \
	tests/support/tiny.c tests/support/tiny.h
tests_unit_test_party_fault_LDADD = $(RUNTIME_TEST_LIBS)
dist_check_SCRIPTS += tests/e2e/private.sh
if HAVE_CHECK
check_PROGRAMS += tests/support/tiny_program
tests_support_tiny_program_SOURCES = tests/support/tiny_program.c tests/support/tiny.c tests/support/tiny.h
tests_support_tiny_program_LDADD = libcnascliobj.la libcnasrt.la
TESTS += tests/e2e/private.sh
endif
