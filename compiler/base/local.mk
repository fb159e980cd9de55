libcnascomp_la_SOURCES += \
	compiler/base/arena.c compiler/base/arena.h \
	compiler/base/site.h \
	compiler/base/text.c compiler/base/text.h \
	compiler/base/vec.h
