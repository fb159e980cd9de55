libcnasrt_la_SOURCES += \
	runtime/engine/block.h \
	runtime/engine/format.c runtime/engine/format.h \
	runtime/engine/wino.c runtime/engine/wino.h \
	runtime/engine/wino_avx2.c runtime/engine/wino_avx512.c runtime/engine/wino_body.h runtime/engine/wino_simd.h \
	runtime/engine/wino_gradient.c runtime/engine/wino_group.h
