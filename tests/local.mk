# Each room's tests come from tests/unit/ROOM.mk; a unit test adds its program to UNIT_TESTS.
UNIT_TESTS =
COMPILER_TEST_LIBS = libcnascomp.la $(CHECK_LIBS)
RUNTIME_TEST_LIBS = libcnasrt.la $(CHECK_LIBS)
# LeakSanitizer takes the thread-local storage of libraries loaded with dlopen for something else and crashes (gcc 12, glibc 2.36).
SANITIZERS = intercept_tls_get_addr=0
AM_TESTS_ENVIRONMENT = ASAN_OPTIONS=$(SANITIZERS):$$ASAN_OPTIONS; export ASAN_OPTIONS; unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE; CNASC='$(abs_top_builddir)/cnasc'; export CNASC; top_srcdir='$(abs_top_srcdir)'; top_builddir='$(abs_top_builddir)'; export top_srcdir top_builddir;
include tests/unit/front.mk
include tests/unit/tools.mk
include tests/unit/ir.mk
include tests/unit/lower.mk
include tests/unit/kernel.mk
include tests/unit/engine_conv.mk
include tests/unit/engine_own.mk
include tests/unit/engine_block.mk
include tests/unit/data.mk
include tests/unit/train.mk
include tests/unit/crypto.mk
include tests/unit/he.mk
include tests/unit/fixed.mk
include tests/unit/party.mk
include tests/unit/cli.mk
include tests/unit/oracle.mk
include tests/unit/engine.mk
include tests/e2e/local.mk
include tests/fuzz/local.mk
include tests/bench/local.mk
if HAVE_CHECK
check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)
endif

# Random tests again, with more cases than `make check` has time for: COUNT:PROGRAM. CNAS_SEED chooses others.
LONG_TESTS = 50000:tests/unit/test_pass_property 100:tests/unit/test_train_resume 100:$(srcdir)/tests/e2e/random_nets.sh
.PHONY: check-long
check-long: check
	@$(AM_TESTS_ENVIRONMENT) for t in $(LONG_TESTS); do \
	    echo "CNAS_COUNT=$${t%%:*} $${t#*:}"; CNAS_COUNT=$${t%%:*} "$${t#*:}" || exit 1; \
	done
