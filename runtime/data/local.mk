libcnasrt_la_SOURCES += \
	runtime/data/cifar.c \
	runtime/data/dataset.c runtime/data/dataset.h \
	runtime/data/file.c runtime/data/file.h \
	runtime/data/idx.c \
	runtime/data/image.c \
	runtime/data/params.c \
	runtime/data/safetensors_read.c runtime/data/safetensors_write.c runtime/data/safetensors.h
