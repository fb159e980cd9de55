libcnascomp_la_SOURCES += \
	compiler/ast/ast.c compiler/ast/ast.h compiler/ast/ast_print.c
