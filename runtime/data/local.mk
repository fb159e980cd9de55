libcnasrt_la_SOURCES += \
	runtime/data/cifar.c \
	runtime/data/dataset.c runtime/data/dataset.h \
	runtime/data/file.c runtime/data/file.h \
	runtime/data/folder.c runtime/data/folder.h runtime/data/folder_load.c \
	runtime/data/idx.c \
	runtime/data/image.c runtime/data/image.h runtime/data/image_jpeg.c \
	runtime/data/moments.c \
	runtime/data/names.c \
	runtime/data/pack.c runtime/data/pack.h \
	runtime/data/params.c \
	runtime/data/resize.c runtime/data/resize.h \
	runtime/data/save.c runtime/data/save_folder.c runtime/data/save.h \
	runtime/data/safetensors_read.c runtime/data/safetensors_write.c runtime/data/safetensors.h
