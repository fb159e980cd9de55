libcnasrt_la_SOURCES += runtime/gc/gc.h
