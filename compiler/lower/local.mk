libcnascomp_la_SOURCES += \
	compiler/lower/plan.h
