libcnasrt_la_SOURCES += runtime/he/he.h
