libcnascomp_la_SOURCES += \
	compiler/fmt/build.c compiler/fmt/build.h \
	compiler/fmt/doc.c compiler/fmt/doc.h \
	compiler/fmt/fmt.c compiler/fmt/fmt.h \
	compiler/fmt/token.c compiler/fmt/token.h \
	compiler/fmt/trail.c compiler/fmt/trail.h
