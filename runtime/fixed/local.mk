libcnasrt_la_SOURCES += runtime/fixed/segment.h
