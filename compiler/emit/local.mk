libcnascomp_la_SOURCES += \
	compiler/emit/c.c compiler/emit/c.h \
	compiler/emit/clear.c \
	compiler/emit/emit.c compiler/emit/emit.h compiler/emit/emit_internal.h \
	compiler/emit/fixed.c \
	compiler/emit/header.c \
	compiler/emit/kernel.c \
	compiler/emit/layers.c \
	compiler/emit/names.c \
	compiler/emit/party.c \
	compiler/emit/programs.c \
	compiler/emit/serve.c
