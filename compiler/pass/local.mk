libcnascomp_la_SOURCES += \
	compiler/pass/budget.c compiler/pass/budget.h \
	compiler/pass/merge.c \
	compiler/pass/pass.def compiler/pass/pass.h \
	compiler/pass/pipeline.c
