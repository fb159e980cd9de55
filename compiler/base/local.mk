libcnascomp_la_SOURCES += \
	compiler/base/arena.c compiler/base/arena.h \
	compiler/base/blake2b.c compiler/base/blake2b.h \
	compiler/base/diag_explain.c compiler/base/diag_explain.def compiler/base/diag_explain.h \
	compiler/base/diag_codes.c compiler/base/diag_codes.def compiler/base/diag_codes.h \
	compiler/base/diag_warnings.c compiler/base/diag_warnings.def compiler/base/diag_warnings.h \
	compiler/base/diag.c compiler/base/diag.h compiler/base/diag_internal.h compiler/base/diag_json.c compiler/base/diag_print.c \
	compiler/base/file.c compiler/base/file.h \
	compiler/base/json.c compiler/base/json.h \
	compiler/base/map.c compiler/base/map.h \
	compiler/base/nearest.c compiler/base/nearest.h \
	compiler/base/site.h \
	compiler/base/source.c compiler/base/source.h \
	compiler/base/table.c compiler/base/table.h \
	compiler/base/text.c compiler/base/text.h \
	compiler/base/utf8.c compiler/base/utf8.h \
	compiler/base/vec.h
