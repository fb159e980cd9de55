libcnascomp_la_SOURCES += compiler/ir/ir.h compiler/ir/op.def
