/* Garbled activation: ReLU and exact truncation (or truncation alone) on additive shares in Z_2^l, half-gates.
 * The server garbles, the client evaluates. For one activation layer of n elements:
 *   z = z_c + z_s mod 2^l;  y = (relu ? max(z, 0) : z) >> shift (arithmetic, l-bit signed);  the server gets y - r mod 2^l.
 * The client's inputs z_c and r are known offline, the server's z_s online. Circuit, AND count and order: circuit.h.
 * Security: semi-honest; see docs/security.md, "Garbled circuits". */
#ifndef RUNTIME_GC_GC_H
#define RUNTIME_GC_GC_H

#include "runtime/ot/ot.h"

#include <stdbool.h>

enum { CN_GC_N_MAX = 1 << 24 }; /* elements in one call: more gives CNAS_E_RANGE */

struct cn_gc_spec {
    size_t n;       /* elements */
    unsigned bits;  /* l, 2..64 */
    unsigned shift; /* 0..bits-1 */
    bool relu;      /* false: truncation alone */
};
size_t cn_gc_and_gates(const struct cn_gc_spec *s); /* per element, those of half price included */

/* Bytes that one activation puts on the channel (framing and encryption not included). */
struct cn_gc_bytes {
    uint64_t offline_to_server, offline_to_client, online_to_client, online_to_server;
};
struct cn_gc_bytes cn_gc_bytes(const struct cn_gc_spec *s);

/* What the garbler keeps from offline to online, 8 bytes an element: used once, then freed. */
struct cn_gc_garbled;
/* Client first (OT), then the server sends the tables; in turns, a chunk of elements at a time. On failure *out is NULL. */
CNAS_CHECKED enum cnas_status cn_gc_garble_offline(struct cn_gc_garbled **out, const struct cn_gc_spec *s,
                                                   struct cn_cot_sender *ot, struct cn_chan *chan, struct cn_prg *prg);
/* Sends the labels of z_s (n values mod 2^l), receives the colour bits, writes y - r mod 2^l.
 * Consumes *g (freed, set to NULL). */
CNAS_CHECKED enum cnas_status cn_gc_garble_online(struct cn_gc_garbled **g, uint64_t *masked, const uint64_t *z_s,
                                                  struct cn_chan *chan);
void cn_gc_garbled_free(struct cn_gc_garbled **g);

/* What the evaluator keeps: its labels and the tables, 16 * (2l + rows of tables) bytes an element; used once. */
struct cn_gc_evaluable;
/* z_c, r: n values mod 2^l. On failure *out is NULL. */
CNAS_CHECKED enum cnas_status cn_gc_evaluate_offline(struct cn_gc_evaluable **out, const struct cn_gc_spec *s,
                                                     const uint64_t *z_c, const uint64_t *r, struct cn_cot_receiver *ot,
                                                     struct cn_chan *chan);
/* Receives labels, evaluates, sends colour bits. Consumes *e (freed, set to NULL). */
CNAS_CHECKED enum cnas_status cn_gc_evaluate_online(struct cn_gc_evaluable **e, struct cn_chan *chan);
void cn_gc_evaluable_free(struct cn_gc_evaluable **e);

/* The ideal function: what the server gets, computed in the clear (tests and the clear fixed-point program). */
uint64_t cn_gc_ideal(const struct cn_gc_spec *s, uint64_t z, uint64_t r);

#endif
