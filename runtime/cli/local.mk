# libcnascliobj: the drivers' objects, also for the tests.
noinst_LTLIBRARIES += libcnascliobj.la
libcnascliobj_la_SOURCES = \
	runtime/cli/args.c runtime/cli/args.h \
	runtime/cli/progress.c runtime/cli/progress.h
# libcnascli, the installed library, comes with the first driver:
# lib_LTLIBRARIES += libcnascli.la
# libcnascli_la_SOURCES =
# libcnascli_la_LIBADD = libcnascliobj.la libcnas.la
# libcnascli_la_LDFLAGS = -version-info 0:0:0 -export-symbols-regex '^cnas_' -no-undefined
