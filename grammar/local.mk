libcnascomp_la_SOURCES += \
	grammar/front.c grammar/front.h grammar/hint.c grammar/scan.h \
	grammar/parser.y grammar/lexer.l
BUILT_SOURCES += grammar/parser.h
MAINTAINERCLEANFILES += grammar/parser.c grammar/parser.h grammar/lexer.c
