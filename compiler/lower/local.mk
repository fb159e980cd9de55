libcnascomp_la_SOURCES += \
	compiler/lower/buffers.c \
	compiler/lower/fold.c \
	compiler/lower/layers.c \
	compiler/lower/lower.c compiler/lower/lower.h \
	compiler/lower/memory.c compiler/lower/memory.h \
	compiler/lower/plan.h \
	compiler/lower/plan_print.c \
	compiler/lower/plan_verify.c \
	compiler/lower/segment.c \
	compiler/lower/serve.c
