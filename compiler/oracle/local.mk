# libcnasoracle: the part of the compiler that runs networks. It alone needs the runtime, so it stays apart from libcnascomp,
# which is linked after it.
noinst_LTLIBRARIES += libcnasoracle.la
libcnasoracle_la_SOURCES = \
	compiler/oracle/model.c compiler/oracle/model.h \
	compiler/oracle/oracle.h \
	compiler/oracle/serve.c \
	compiler/oracle/slabs.c \
	compiler/oracle/walk.c \
	compiler/oracle/weights.c compiler/oracle/weights.h
