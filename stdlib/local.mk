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
