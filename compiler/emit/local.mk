libcnascomp_la_SOURCES += \
	compiler/emit/emit.h
