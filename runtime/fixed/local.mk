libcnasrt_la_SOURCES += \
	runtime/fixed/calibrate.c runtime/fixed/calibrate.h \
	runtime/fixed/fold.c runtime/fixed/fold.h \
	runtime/fixed/gemm.c runtime/fixed/gemm.h \
	runtime/fixed/infer.c \
	runtime/fixed/make.c \
	runtime/fixed/quant.c runtime/fixed/quant.h \
	runtime/fixed/quantise.c runtime/fixed/quantise.h \
	runtime/fixed/segment.c runtime/fixed/segment.h \
	runtime/fixed/serve.c \
	runtime/fixed/store.c \
	runtime/fixed/tape.c runtime/fixed/tape.h \
	runtime/fixed/value.c
