libcnasrt_la_SOURCES += \
	runtime/fixed/fold.c runtime/fixed/fold.h \
	runtime/fixed/gemm.c runtime/fixed/gemm.h \
	runtime/fixed/quant.c runtime/fixed/quant.h \
	runtime/fixed/segment.c runtime/fixed/segment.h \
	runtime/fixed/value.c
