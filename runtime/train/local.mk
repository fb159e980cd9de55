libcnasrt_la_SOURCES += \
	runtime/train/batch.c runtime/train/batch.h \
	runtime/train/checkpoint.c runtime/train/checkpoint.h \
	runtime/train/infer.c \
	runtime/train/init.c \
	runtime/train/rate.c runtime/train/rate.h \
	runtime/train/rng.c runtime/train/rng.h \
	runtime/train/sgd.c runtime/train/sgd.h \
	runtime/train/split.c \
	runtime/train/train.c
