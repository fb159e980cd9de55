libcnasrt_la_SOURCES += \
	runtime/party/client.c runtime/party/client_run.c runtime/party/client.h \
	runtime/party/hello.c runtime/party/hello.h \
	runtime/party/layout.c runtime/party/layout.h \
	runtime/party/server.c runtime/party/server_run.c runtime/party/server.h \
	runtime/party/session.c runtime/party/session.h
