libcnasrt_la_SOURCES += runtime/gc/gc.h runtime/gc/circuit.h runtime/gc/circuit.c runtime/gc/half.h runtime/gc/half.c \
	runtime/gc/wire.h runtime/gc/garble.c runtime/gc/evaluate.c
