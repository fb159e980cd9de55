libcnasrt_la_SOURCES += \
	runtime/train/batch.c runtime/train/batch.h \
	runtime/train/checkpoint.c runtime/train/checkpoint.h \
	runtime/train/evaluate.c \
	runtime/train/finite.c runtime/train/finite.h \
	runtime/train/infer.c runtime/train/infer.h \
	runtime/train/init.c \
	runtime/train/loader.c runtime/train/loader.h \
	runtime/train/lock.c runtime/train/lock.h \
	runtime/train/net.c runtime/train/net.h \
	runtime/train/notify.c \
	runtime/train/optimizer.c runtime/train/optimizer.h \
	runtime/train/options.c runtime/train/options.h \
	runtime/train/preset.c \
	runtime/train/rate.c runtime/train/rate.h \
	runtime/train/rng.c runtime/train/rng.h \
	runtime/train/save.c \
	runtime/train/slabs.c \
	runtime/train/soft_labels.c runtime/train/soft_labels.h runtime/train/soft_labels_file.c runtime/train/soft_labels_write.c \
	runtime/train/split.c \
	runtime/train/step.c \
	runtime/train/together.c runtime/train/together.h \
	runtime/train/train.c \
	runtime/train/trainer.h
