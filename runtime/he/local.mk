libcnasrt_la_SOURCES += runtime/he/he.h \
	runtime/he/mod.h \
	runtime/he/ntt.c runtime/he/ntt.h \
	runtime/he/params.c runtime/he/params.h \
	runtime/he/noise.c runtime/he/noise.h \
	runtime/he/sample.c runtime/he/sample.h \
	runtime/he/scale.c runtime/he/scale.h \
	runtime/he/wire.c runtime/he/wire.h \
	runtime/he/keys.c runtime/he/keys.h \
	runtime/he/layout.c runtime/he/layout.h \
	runtime/he/crypt.c runtime/he/crypt.h \
	runtime/he/weights.c runtime/he/weights.h \
	runtime/he/reply.c runtime/he/reply.h \
	runtime/he/open.c \
	runtime/he/dot.c runtime/he/dot.h \
	runtime/he/ifma.c runtime/he/ifma.h
