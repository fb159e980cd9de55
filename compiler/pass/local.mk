libcnascomp_la_SOURCES += \
	compiler/pass/args.c compiler/pass/args.h \
	compiler/pass/budget.c compiler/pass/budget.h \
	compiler/pass/dce.c \
	compiler/pass/pass.def compiler/pass/pass.h \
	compiler/pass/pipeline.c \
	compiler/pass/remark.c compiler/pass/remark.h \
	compiler/pass/schedule.c compiler/pass/schedule.h \
	compiler/pass/shuffle.c
