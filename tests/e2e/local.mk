# End to end: real processes, an installed tree outside the source tree.
check_PROGRAMS += tests/support/make_idx tests/support/make_cifar tests/support/hostile
tests_support_make_idx_SOURCES = tests/support/make_idx.c
tests_support_make_cifar_SOURCES = tests/support/make_cifar.c
tests_support_make_cifar_LDADD = $(LIBPNG_LIBS)
tests_support_hostile_SOURCES = tests/support/hostile.c
dist_check_SCRIPTS += tests/e2e/mpi.sh tests/e2e/whole.sh tests/e2e/clear.sh tests/e2e/served.sh tests/e2e/truncated.sh tests/e2e/bad_input.sh tests/e2e/data.sh tests/e2e/data_tool.sh tests/e2e/engine.sh tests/e2e/distill.sh
TESTS += tests/e2e/mpi.sh tests/e2e/whole.sh tests/e2e/clear.sh tests/e2e/served.sh tests/e2e/truncated.sh tests/e2e/bad_input.sh tests/e2e/data.sh tests/e2e/data_tool.sh tests/e2e/engine.sh tests/e2e/distill.sh
EXTRA_DIST += tests/e2e/lib.sh tests/e2e/tiny.cnas tests/e2e/clear.cnas tests/e2e/served.cnas tests/e2e/truncated.cnas tests/e2e/colour.cnas tests/layers.txt
