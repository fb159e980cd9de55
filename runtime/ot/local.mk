libcnasrt_la_SOURCES += runtime/ot/ot.h
