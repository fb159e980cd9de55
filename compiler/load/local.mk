libcnascomp_la_SOURCES += \
	compiler/load/load.h
