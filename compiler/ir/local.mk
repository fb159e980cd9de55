libcnascomp_la_SOURCES += \
	compiler/ir/ir.h compiler/ir/op.def \
	compiler/ir/affine.c compiler/ir/affine.h \
	compiler/ir/attr.c compiler/ir/attr.h compiler/ir/attr.def \
	compiler/ir/build.c \
	compiler/ir/cost.c compiler/ir/cost.h \
	compiler/ir/export.c compiler/ir/export.h \
	compiler/ir/memory.c \
	compiler/ir/names.c compiler/ir/names.h \
	compiler/ir/print.c compiler/ir/print.h \
	compiler/ir/read.c \
	compiler/ir/rewrite.c compiler/ir/rewrite.h \
	compiler/ir/segment.c compiler/ir/segment.h compiler/ir/segment_internal.h compiler/ir/segment_value.c \
	compiler/ir/shape.c compiler/ir/shape.h \
	compiler/ir/term.c compiler/ir/term.h \
	compiler/ir/token.c compiler/ir/token.h \
	compiler/ir/verify.c compiler/ir/verify.h
