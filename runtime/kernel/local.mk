libcnasrt_la_SOURCES += \
	runtime/kernel/blas.c runtime/kernel/blas.h \
	runtime/kernel/conv.c runtime/kernel/conv.h \
	runtime/kernel/conv_direct.c \
	runtime/kernel/conv_gemm.c \
	runtime/kernel/conv_simd.h runtime/kernel/conv_simd_body.h \
	runtime/kernel/conv_simd_avx2.c runtime/kernel/conv_simd_avx512.c runtime/kernel/conv_simd_portable.c \
	runtime/kernel/crew.c runtime/kernel/crew.h \
	runtime/kernel/ctx.c runtime/kernel/ctx.h \
	runtime/kernel/distill.c \
	runtime/kernel/elementwise.c \
	runtime/kernel/lanes.c runtime/kernel/lanes.h \
	runtime/kernel/linear.c \
	runtime/kernel/loss.c \
	runtime/kernel/max_pool.c \
	runtime/kernel/mix.h \
	runtime/kernel/norm.c \
	runtime/kernel/poly.c \
	runtime/kernel/pool.c \
	runtime/kernel/slice.c \
	runtime/kernel/upsample.c
