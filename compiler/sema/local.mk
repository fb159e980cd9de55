libcnascomp_la_SOURCES += \
	compiler/sema/elab.h
