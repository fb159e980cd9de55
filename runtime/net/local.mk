libcnasrt_la_SOURCES += \
	runtime/net/chan.c runtime/net/chan.h runtime/net/kind.h \
	runtime/net/handshake.c runtime/net/handshake.h \
	runtime/net/key.c \
	runtime/net/pair.c \
	runtime/net/secure.c \
	runtime/net/socket.c runtime/net/socket.h
