libcnascomp_la_SOURCES += \
	compiler/ir/ir.h compiler/ir/op.def \
	compiler/ir/build.c \
	compiler/ir/names.c compiler/ir/names.h \
	compiler/ir/shape.c compiler/ir/shape.h
