libcnascomp_la_SOURCES += \
	compiler/sema/annotation.c compiler/sema/annotation.h \
	compiler/sema/apply.c \
	compiler/sema/arith.c \
	compiler/sema/builtin.c compiler/sema/builtin.h compiler/sema/builtin_tensor.c compiler/sema/builtin_value.c \
	compiler/sema/choice.c compiler/sema/choice.h \
	compiler/sema/declared.c compiler/sema/declared.h \
	compiler/sema/elab.c compiler/sema/elab.h \
	compiler/sema/eval.c compiler/sema/eval.h \
	compiler/sema/expr.c \
	compiler/sema/node.c \
	compiler/sema/pick.c \
	compiler/sema/private.c \
	compiler/sema/resolve.c compiler/sema/resolve.h compiler/sema/resolver.h \
	compiler/sema/scope.c compiler/sema/scope.h \
	compiler/sema/section.c compiler/sema/section.h \
	compiler/sema/stmt.c \
	compiler/sema/train.c \
	compiler/sema/type.c compiler/sema/type.h \
	compiler/sema/unused.c \
	compiler/sema/use.c \
	compiler/sema/value.c compiler/sema/value.h \
	compiler/sema/written.c compiler/sema/written.h
