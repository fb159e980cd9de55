/* Two-party private inference: the client has the image, the server has the weights. Semi-honest security, 128-bit
 * computational, 40-bit statistical; docs/security.md says what is promised and what is not.
 *
 * A session is one connection. For each inference both sides call offline, then online, in the same order; several offline
 * runs may be made ahead (a queue; each is used once). The client drives: it sends the request, the server serves it.
 * Every call fails with a status when the peer is silent for the deadline, or slower than 64 KiB in each deadline; after a failure
 * the session is dead and can only be freed.
 * A session belongs to one thread at a time; different sessions are independent. */
#ifndef CNAS_PRIVATE_H
#define CNAS_PRIVATE_H

#include <cnas/fixed.h>

enum { CNAS_KEY_BYTES = 32 };

/* A server's long-term key pair (X25519). The public key is what clients pin. */
CNAS_CHECKED enum cnas_status cnas_key_make(const char *secret_path, const char *public_path, struct cnas_error *err);
CNAS_CHECKED enum cnas_status cnas_key_load_secret(unsigned char secret[CNAS_KEY_BYTES], unsigned char public_key[CNAS_KEY_BYTES],
                                                   const char *path, struct cnas_error *err);
CNAS_CHECKED enum cnas_status cnas_key_load_public(unsigned char public_key[CNAS_KEY_BYTES], const char *path,
                                                   struct cnas_error *err); /* or 64 hex digits instead of a path */

struct cnas_private_options {
    double deadline_s;     /* longest silence of the peer before CNAS_E_TIMEOUT; default 30 */
    uint32_t max_queue;    /* offline runs kept at most; default 4; the smaller of both parties' counts */
    uint64_t max_queries;  /* server: inferences in one session; default 0: no limit (docs/security.md: model extraction) */
};

struct cnas_phase_stats {
    double seconds;
    uint64_t sent, received; /* bytes on the wire, records and framing included */
    uint64_t flips;          /* changes of direction seen from this side */
};
struct cnas_private_stats {
    struct cnas_phase_stats setup, offline, online; /* totals of the session so far */
    uint64_t offline_runs, online_runs;
};

/* ---- server ---- */
struct cnas_server; /* model and weights prepared for serving; immutable, shared by sessions */
CNAS_CHECKED enum cnas_status cnas_server_new(struct cnas_server **out, const struct cnas_model *m, const struct cnas_fixed *q,
                                              struct cnas_error *err);
void cnas_server_free(struct cnas_server **s);

struct cnas_server_session;
/* Takes over fd (a connected stream socket) in any case. Handshake, network check, key and OT set-up. Client sends first. */
CNAS_CHECKED enum cnas_status cnas_server_session_new(struct cnas_server_session **out, const struct cnas_server *s, int fd,
                                                      const unsigned char secret[CNAS_KEY_BYTES],
                                                      const struct cnas_private_options *o, struct cnas_error *err);
enum cnas_request { CNAS_REQUEST_OFFLINE = 1, CNAS_REQUEST_ONLINE = 2, CNAS_REQUEST_BYE = 3 };
/* Waits for what the client wants next, as long as idle_s seconds; CNAS_E_TIMEOUT then leaves the session as it was. The call
 * that follows is offline or online as asked, or free after CNAS_REQUEST_BYE. */
CNAS_CHECKED enum cnas_status cnas_server_next(struct cnas_server_session *s, enum cnas_request *request, double idle_s);
void cnas_server_session_free(struct cnas_server_session **s);
void cnas_server_session_stats(const struct cnas_server_session *s, struct cnas_private_stats *out);
const struct cnas_error *cnas_server_session_error(const struct cnas_server_session *s);

/* One layer each, called in the order of the points by generated code. */
CNAS_CHECKED enum cnas_status cnas_server_offline_begin(struct cnas_server_session *s);                    /* receives the encrypted masks */
CNAS_CHECKED enum cnas_status cnas_server_offline_linear(struct cnas_server_session *s, uint32_t point);   /* sends encrypted shares of W r */
CNAS_CHECKED enum cnas_status cnas_server_offline_activate(struct cnas_server_session *s, uint32_t point); /* OT for the client's labels, sends garbled tables */
CNAS_CHECKED enum cnas_status cnas_server_offline_end(struct cnas_server_session *s);
CNAS_CHECKED enum cnas_status cnas_server_online_begin(struct cnas_server_session *s);                     /* receives the masked input */
CNAS_CHECKED enum cnas_status cnas_server_online_linear(struct cnas_server_session *s, uint32_t point);    /* local */
CNAS_CHECKED enum cnas_status cnas_server_online_activate(struct cnas_server_session *s, uint32_t point);  /* sends labels, receives the masked result */
CNAS_CHECKED enum cnas_status cnas_server_online_reveal(struct cnas_server_session *s, uint32_t point);    /* sends its share of the logits; ends the inference */

/* ---- client ---- */
struct cnas_client;
/* Takes over fd. Same set-up as above; fails with CNAS_E_AUTH if the server does not hold the pinned key. */
CNAS_CHECKED enum cnas_status cnas_client_new(struct cnas_client **out, const struct cnas_model *m, int fd,
                                              const unsigned char server_key[CNAS_KEY_BYTES], const struct cnas_private_options *o,
                                              struct cnas_error *err);
void cnas_client_free(struct cnas_client **c); /* says goodbye if the session is alive */
/* What the server allows in this session: offline runs kept, inferences (0: no limit). A run beyond is refused by this side with
 * CNAS_E_RANGE, as a failure like any other. */
void cnas_client_limits(const struct cnas_client *c, uint32_t *queue, uint64_t *queries);
const struct cnas_fixed_plan *cnas_client_plan(const struct cnas_client *c);
void cnas_client_stats(const struct cnas_client *c, struct cnas_private_stats *out);
const struct cnas_error *cnas_client_error(const struct cnas_client *c);

CNAS_CHECKED enum cnas_status cnas_client_offline_begin(struct cnas_client *c); /* sends the request, then all encrypted masks */
CNAS_CHECKED enum cnas_status cnas_client_offline_linear(struct cnas_client *c, uint32_t point);
CNAS_CHECKED enum cnas_status cnas_client_offline_activate(struct cnas_client *c, uint32_t point);
CNAS_CHECKED enum cnas_status cnas_client_offline_end(struct cnas_client *c);
CNAS_CHECKED enum cnas_status cnas_client_online_begin(struct cnas_client *c, const float *image); /* normalised (C,H,W); sends the request and the masked input */
CNAS_CHECKED enum cnas_status cnas_client_online_activate(struct cnas_client *c, uint32_t point);
CNAS_CHECKED enum cnas_status cnas_client_online_reveal(struct cnas_client *c, uint32_t point, int64_t *logits);

#endif
