libcnasrt_la_SOURCES += \
	runtime/base/bytes.c runtime/base/bytes.h \
	runtime/base/clock.c runtime/base/clock.h \
	runtime/base/decimal.c runtime/base/decimal.h \
	runtime/base/error.c runtime/base/error.h \
	runtime/base/mem.c runtime/base/mem.h \
	runtime/base/misuse.c runtime/base/misuse.h \
	runtime/base/version.c
