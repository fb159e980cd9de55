/* TCP for the server and client programs: listening, accepting, connecting with patience.
 * Addresses are HOST:PORT; HOST may be a name, an IPv4 address, an IPv6 address in brackets, or empty when listening (all
 * interfaces); PORT a number. Failures leave a sentence in *err. */
#ifndef RUNTIME_CLI_TCP_H
#define RUNTIME_CLI_TCP_H

#include <cnas/status.h>
#include <stddef.h>

enum { CN_TCP_NAME = 80 }; /* enough for "[IPv6 address]:port" */

/* bound: the address it listens on, with the port that was picked if port 0 was asked for. Returns the socket, or -1. */
int cn_tcp_listen(const char *address, char bound[CN_TCP_NAME], struct cnas_error *err);
/* Returns the connection, or -1 with errno (an interrupted or vanished connection is no reason to give up). */
int cn_tcp_accept(int listener, char peer[CN_TCP_NAME]);
/* Tries again for wait_s seconds while nobody listens there. Returns the connection, or -1. */
int cn_tcp_connect(const char *address, double wait_s, struct cnas_error *err);

#endif
