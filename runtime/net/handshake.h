/* Agreeing on keys over a fresh connection. The client knows the server's public key beforehand and nothing else. */
#ifndef RUNTIME_NET_HANDSHAKE_H
#define RUNTIME_NET_HANDSHAKE_H

#include "runtime/net/chan.h"

#include <sodium.h>

struct cn_handshake_result {
    crypto_secretstream_xchacha20poly1305_state send, receive; /* secret */
    struct cn_chan_counters counters;
};

/* Messages: client, server, client; handshake.c describes them. until: of cn_clock_s, for all three together.
 * CNAS_E_AUTH: the peer does not hold the key, or bytes were altered. CNAS_E_PROTOCOL: not this protocol, or another version. */
CNAS_CHECKED enum cnas_status cn_handshake_client(struct cn_handshake_result *out, int fd, const unsigned char server_key[32],
                                                  double until, struct cnas_error *err);
CNAS_CHECKED enum cnas_status cn_handshake_server(struct cn_handshake_result *out, int fd, const unsigned char secret_key[32],
                                                  const unsigned char public_key[32], double until, struct cnas_error *err);

#endif
