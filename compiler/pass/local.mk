libcnascomp_la_SOURCES += \
	compiler/pass/args.c compiler/pass/args.h \
	compiler/pass/balance.c \
	compiler/pass/balance_channels.c compiler/pass/balance_channels.h \
	compiler/pass/balance_search.c compiler/pass/balance_search.h \
	compiler/pass/balance_widths.c compiler/pass/balance_widths.h \
	compiler/pass/avgpool.c \
	compiler/pass/bare.c compiler/pass/bare.h \
	compiler/pass/budget.c compiler/pass/budget.h \
	compiler/pass/collapse.c compiler/pass/collapse.h compiler/pass/collapse_build.c \
	compiler/pass/constant_fold.c \
	compiler/pass/cse.c \
	compiler/pass/cut.c compiler/pass/cut.h \
	compiler/pass/dce.c \
	compiler/pass/fixed_point.c \
	compiler/pass/infer_ranges.c \
	compiler/pass/intern.c compiler/pass/intern.h \
	compiler/pass/pass.def compiler/pass/pass.h \
	compiler/pass/pipeline.c \
	compiler/pass/place.c compiler/pass/place.h \
	compiler/pass/prune.c compiler/pass/prune.h \
	compiler/pass/prune_args.c compiler/pass/prune_join.c compiler/pass/prune_named.c \
	compiler/pass/prune_skip.c compiler/pass/prune_stage.c \
	compiler/pass/range.c compiler/pass/range.h \
	compiler/pass/remark.c compiler/pass/remark.h \
	compiler/pass/schedule.c compiler/pass/schedule.h \
	compiler/pass/shuffle.c compiler/pass/shuffle.h compiler/pass/shuffle_explain.c
