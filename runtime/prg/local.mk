libcnasrt_la_SOURCES += runtime/prg/prg.c runtime/prg/prg.h runtime/prg/block.h runtime/prg/aes.h runtime/prg/aes.c \
	runtime/prg/aes_impl.h runtime/prg/aes_portable.c runtime/prg/aes_ni.c runtime/prg/aes_vaes.c runtime/prg/crh.h
