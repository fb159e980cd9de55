/* A reliable ordered byte channel between two parties, with deadlines, counters and a sticky first error.
 *
 * Sending is buffered: bytes leave on cn_chan_flush, when the buffer is full, and before every receive (so a protocol that
 * sends and then waits cannot deadlock on its own buffer). Receiving returns exactly what was asked for or a status.
 * A large two-way exchange must not rely on socket buffers: protocols here never have both sides sending bulk at once.
 * One thread at a time. */
#ifndef RUNTIME_NET_CHAN_H
#define RUNTIME_NET_CHAN_H

#include <cnas/status.h>
#include <stddef.h>
#include <stdint.h>

struct cn_chan;

struct cn_chan_counters {
    uint64_t sent, received; /* bytes on the wire, framing and authentication included */
    uint64_t flips;          /* times that this side began to receive after it had sent, or to send after it had received */
};

CNAS_CHECKED enum cnas_status cn_chan_send(struct cn_chan *c, const void *bytes, size_t n);
CNAS_CHECKED enum cnas_status cn_chan_flush(struct cn_chan *c);
CNAS_CHECKED enum cnas_status cn_chan_recv(struct cn_chan *c, void *bytes, size_t n); /* exactly n; on failure the buffer is wiped */
/* Waits until at least one byte can be received, as long as `seconds`, whatever the deadline; CNAS_E_TIMEOUT changes nothing. */
CNAS_CHECKED enum cnas_status cn_chan_wait(struct cn_chan *c, double seconds);
struct cn_chan_counters cn_chan_counters(const struct cn_chan *c);
const struct cnas_error *cn_chan_error(const struct cn_chan *c); /* the first failure */
/* Records a protocol violation as the channel's error (if it has none yet), closes the connection, returns CNAS_E_PROTOCOL. */
enum cnas_status cn_chan_violation(struct cn_chan *c, const char *what);
void cn_chan_free(struct cn_chan **c); /* closes; pending sends are dropped unless flushed; NULL *c is fine */

/* --- kinds --- */

/* Over a connected stream socket, encrypted and authenticated: key exchange, then records (secure.c describes both).
 * Takes fd over in any case. deadline_s: longest wait for the whole handshake, for each 64 KiB of what one cn_chan_recv asks for,
 * for each 256 KiB that are sent. */
CNAS_CHECKED enum cnas_status cn_chan_secure_client(struct cn_chan **out, int fd, const unsigned char server_key[32],
                                                    double deadline_s, struct cnas_error *err);
CNAS_CHECKED enum cnas_status cn_chan_secure_server(struct cn_chan **out, int fd, const unsigned char secret_key[32],
                                                    const unsigned char public_key[32], double deadline_s, struct cnas_error *err);
/* Two ends in one process (threads), in memory, not encrypted: for tests and benchmarks. */
CNAS_CHECKED enum cnas_status cn_chan_pair(struct cn_chan **a, struct cn_chan **b, double deadline_s);

#endif
