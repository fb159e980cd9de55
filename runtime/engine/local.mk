libcnasrt_la_SOURCES += \
	runtime/engine/block.h \
	runtime/engine/format.c runtime/engine/format.h
