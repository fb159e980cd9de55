libcnasrt_la_SOURCES += \
	runtime/engine/format.c runtime/engine/format.h \
	runtime/engine/wino.c runtime/engine/wino.h \
	runtime/engine/wino_avx2.c runtime/engine/wino_avx512.c runtime/engine/wino_body.h runtime/engine/wino_simd.h \
	runtime/engine/wino_gradient.c runtime/engine/wino_group.h runtime/engine/wino_run.c
# kernels on blocked values
libcnasrt_la_SOURCES += \
	runtime/engine/block.h \
	runtime/engine/block_apply.c \
	runtime/engine/block_body.h runtime/engine/block_lanes.h runtime/engine/block_norm_body.h \
	runtime/engine/block_pack_body.h runtime/engine/block_pool_body.h \
	runtime/engine/block_channels.c \
	runtime/engine/block_norm.c \
	runtime/engine/block_pack.c \
	runtime/engine/block_pool.c \
	runtime/engine/block_run.h \
	runtime/engine/block_simd.c runtime/engine/block_simd.h \
	runtime/engine/block_simd_avx2.c runtime/engine/block_simd_avx512.c runtime/engine/block_simd_avx512_bf16.c \
	runtime/engine/block_simd_portable.c
# convolutions
libcnasrt_la_SOURCES += \
	runtime/engine/conv.c runtime/engine/conv.h \
	runtime/engine/conv_dnnl.c \
	runtime/engine/conv_measure.c \
	runtime/engine/conv_packs.c runtime/engine/conv_packs.h \
	runtime/engine/conv_plain.c runtime/engine/conv_split.c \
	runtime/engine/conv_way.h \
	runtime/engine/conv_wino.c \
	runtime/engine/dnnl.c runtime/engine/dnnl.h \
	runtime/engine/tuning.c runtime/engine/tuning.h \
	runtime/engine/tuning_file.c runtime/engine/tuning_table.h
# the schedule
libcnasrt_la_SOURCES += \
	runtime/engine/engine.c runtime/engine/engine.h \
	runtime/engine/graph.c runtime/engine/graph.h \
	runtime/engine/memory.c runtime/engine/memory.h \
	runtime/engine/passes.c \
	runtime/engine/place.c runtime/engine/place.h \
	runtime/engine/report.c \
	runtime/engine/run.h \
	runtime/engine/subsample.c runtime/engine/subsample.h \
	runtime/engine/unit.c runtime/engine/unit_conv.c runtime/engine/unit_kernel.c runtime/engine/unit_sum.c runtime/engine/unit_wino.c \
	runtime/engine/virtual.c
