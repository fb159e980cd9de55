# Bad input: README.md here. Every build replays the inputs that are kept; configure --enable-fuzzing makes new ones.
FUZZ_LAWS = tests/fuzz/laws.c tests/fuzz/laws.h
FUZZ_FRONT = $(FUZZ_LAWS) tests/fuzz/front.c compiler/advise.c compiler/advise.h compiler/advise_passes.c compiler/pin.c compiler/pin.h compiler/space.c compiler/space.h
FUZZ_IR = $(FUZZ_LAWS) tests/fuzz/ir.c

check_PROGRAMS += tests/fuzz/replay_front tests/fuzz/replay_ir
tests_fuzz_replay_front_SOURCES = $(FUZZ_FRONT) tests/fuzz/replay.c
tests_fuzz_replay_front_LDADD = libcnascomp.la
tests_fuzz_replay_ir_SOURCES = $(FUZZ_IR) tests/fuzz/replay.c
tests_fuzz_replay_ir_LDADD = libcnascomp.la
dist_check_SCRIPTS += tests/fuzz/replay.sh
TESTS += tests/fuzz/replay.sh
EXTRA_DIST += tests/fuzz/README.md tests/fuzz/fuzz.sh tests/fuzz/cnas.dict tests/fuzz/ir.dict tests/fuzz/corpus tests/fuzz/regressions

# make fuzz FUZZ_SECONDS=1800 FUZZ_TARGET=front; then make fuzz-keep, and look at what changed in tests/fuzz/corpus.
FUZZ_SECONDS = 600
FUZZ_TARGET = front
EXTRA_PROGRAMS += tests/fuzz/fuzz_front tests/fuzz/fuzz_ir
tests_fuzz_fuzz_front_SOURCES = $(FUZZ_FRONT) tests/fuzz/mutate.c
tests_fuzz_fuzz_front_LDADD = libcnascomp.la
tests_fuzz_fuzz_front_LDFLAGS = -fsanitize=fuzzer
tests_fuzz_fuzz_ir_SOURCES = $(FUZZ_IR) tests/fuzz/mutate.c
tests_fuzz_fuzz_ir_LDADD = libcnascomp.la
tests_fuzz_fuzz_ir_LDFLAGS = -fsanitize=fuzzer
.PHONY: fuzz fuzz-keep
if FUZZING
fuzz: tests/fuzz/fuzz_$(FUZZ_TARGET) cnasc
	@$(AM_TESTS_ENVIRONMENT) $(SHELL) $(srcdir)/tests/fuzz/fuzz.sh run $(FUZZ_TARGET) $(FUZZ_SECONDS)
fuzz-keep: tests/fuzz/fuzz_$(FUZZ_TARGET) cnasc
	@$(AM_TESTS_ENVIRONMENT) $(SHELL) $(srcdir)/tests/fuzz/fuzz.sh keep $(FUZZ_TARGET)
else
fuzz fuzz-keep:
	@echo "make $@ needs configure --enable-fuzzing CC=clang (tests/fuzz/README.md)" >&2; exit 1
endif
