/* Bytes through a connected stream socket, each call with a point in time after which it gives up. */
#ifndef RUNTIME_NET_SOCKET_H
#define RUNTIME_NET_SOCKET_H

#include <cnas/status.h>
#include <stddef.h>

/* Makes fd non-blocking and turns Nagle's delay off where there is one. */
CNAS_CHECKED enum cnas_status cn_socket_prepare(int fd, struct cnas_error *err);
/* All n bytes, by the time `until` of cn_clock_s. No SIGPIPE. */
CNAS_CHECKED enum cnas_status cn_socket_send(int fd, const void *bytes, size_t n, double until, struct cnas_error *err);
/* At least one byte, at most n. */
CNAS_CHECKED enum cnas_status cn_socket_receive(int fd, void *bytes, size_t n, size_t *got, double until,
                                                struct cnas_error *err);
/* Exactly n. */
CNAS_CHECKED enum cnas_status cn_socket_receive_all(int fd, void *bytes, size_t n, double until, struct cnas_error *err);

#endif
