libcnasrt_la_SOURCES += runtime/ot/ot.h runtime/ot/base.h runtime/ot/base.c runtime/ot/iknp.c runtime/ot/transpose.h \
	runtime/ot/transpose.c
