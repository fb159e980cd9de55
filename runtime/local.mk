# libcnasrt: every runtime object, for the tests.  libcnas: the installed library, only cnas_* exported.
# libcnascli: the command-line drivers of generated programs; it prints and so stays apart from libcnas.
noinst_LTLIBRARIES += libcnasrt.la
libcnasrt_la_SOURCES =
libcnasrt_la_LIBADD = $(RUNTIME_LIBS)
lib_LTLIBRARIES += libcnas.la
libcnas_la_SOURCES =
libcnas_la_LIBADD = libcnasrt.la
# -version-info current:revision:age
libcnas_la_LDFLAGS = -version-info 0:0:0 -export-symbols-regex '^cnas_' -no-undefined
include runtime/base/local.mk
include runtime/kernel/local.mk
include runtime/engine/local.mk
include runtime/data/local.mk
include runtime/train/local.mk
include runtime/net/local.mk
include runtime/prg/local.mk
include runtime/ot/local.mk
include runtime/gc/local.mk
include runtime/he/local.mk
include runtime/fixed/local.mk
include runtime/party/local.mk
include runtime/mpi/local.mk
include runtime/cli/local.mk
cnasincludedir = $(includedir)/cnas
cnasinclude_HEADERS = runtime/include/cnas/status.h runtime/include/cnas/kernel.h runtime/include/cnas/model.h runtime/include/cnas/fixed.h \
	runtime/include/cnas/private.h runtime/include/cnas/data.h runtime/include/cnas/distill.h runtime/include/cnas/group.h runtime/include/cnas/mpi.h runtime/include/cnas/train.h runtime/include/cnas/presets.def runtime/include/cnas/cli.h runtime/include/cnas/cnas.h
