libcnasrt_la_SOURCES += runtime/prg/prg.c runtime/prg/prg.h
