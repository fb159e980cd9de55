libcnasrt_la_SOURCES += runtime/net/chan.h
