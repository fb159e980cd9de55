# libcnascomp: every object of the compiler but main, for cnasc and the tests.
noinst_LTLIBRARIES += libcnascomp.la
libcnascomp_la_SOURCES =
libcnascomp_la_LIBADD = $(GVC_LIBS)
include grammar/local.mk
include compiler/base/local.mk
include compiler/ast/local.mk
include compiler/fmt/local.mk
include compiler/load/local.mk
include compiler/sema/local.mk
include compiler/ir/local.mk
include compiler/pass/local.mk
include compiler/lower/local.mk
include compiler/emit/local.mk
include compiler/oracle/local.mk
include compiler/report/local.mk
libcnascomp_la_SOURCES += compiler/fit.c compiler/fit.h
bin_PROGRAMS += cnasc
cnasc_SOURCES = \
	compiler/advise.c compiler/advise.h compiler/advise_passes.c \
	compiler/compile.c compiler/compile.h \
	compiler/depend.c compiler/depend.h \
	compiler/document.c compiler/document.h \
	compiler/explain.c compiler/explain.h \
	compiler/format.c compiler/format.h \
	compiler/main.c \
	compiler/options.c compiler/options.h compiler/options_internal.h compiler/options_pass.c \
	compiler/pin.c compiler/pin.h \
	compiler/show.c compiler/show.h \
	compiler/space.c compiler/space.h
cnasc_LDADD = libcnascomp.la
