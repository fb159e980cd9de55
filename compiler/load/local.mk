libcnascomp_la_SOURCES += \
	compiler/load/embed.c compiler/load/embed.h \
	compiler/load/load.c compiler/load/load.h

# stdlib/ becomes a part of the compiler. Not shipped: the builder always has sh and sed.
nodist_libcnascomp_la_SOURCES = compiler/load/stdlib.inc
BUILT_SOURCES += compiler/load/stdlib.inc
CLEANFILES += compiler/load/stdlib.inc
EXTRA_DIST += compiler/load/embed.sh
compiler/load/stdlib.inc: $(STDLIB_MODULES) compiler/load/embed.sh
	$(AM_V_GEN)$(MKDIR_P) compiler/load && cd $(srcdir) && \
	$(SHELL) compiler/load/embed.sh $(STDLIB_MODULES) > '$(abs_top_builddir)/compiler/load/stdlib.inc.tmp' && \
	mv '$(abs_top_builddir)/compiler/load/stdlib.inc.tmp' '$(abs_top_builddir)/compiler/load/stdlib.inc'
compiler/load/embed.lo: compiler/load/stdlib.inc
