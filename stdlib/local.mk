# The modules of std: built into cnasc (compiler/load), and installed to be read.
STDLIB_MODULES = \
	stdlib/cnet.cnas \
	stdlib/heads.cnas \
	stdlib/mobile.cnas \
	stdlib/resnet.cnas \
	stdlib/vgg.cnas \
	stdlib/wide_resnet.cnas
stdlibdir = $(datadir)/cnasc/stdlib
dist_stdlib_DATA = $(STDLIB_MODULES)

# What the modules make (tests/golden/std, which golden.sh compares) also runs.
dist_check_SCRIPTS += tests/e2e/std_nets.sh
if HAVE_CHECK
TESTS += tests/e2e/std_nets.sh
endif
