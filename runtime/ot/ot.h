/* Oblivious transfer: base OT on ristretto255 and the IKNP extension in its correlated form.
 * Source: the header comments of base.c and iknp.c cite papers, sections and deviations. Semi-honest. */
#ifndef RUNTIME_OT_OT_H
#define RUNTIME_OT_OT_H

#include "runtime/net/chan.h"
#include "runtime/prg/block.h"
#include "runtime/prg/prg.h"

/* Correlated OT, many per call, one session for the life of a connection.
 * Sender has delta (bit 0 of w[0] is 1) and gets q[i]; receiver has choice bits b[i] and gets t[i] = q[i] xor b[i] * delta.
 * Bit 0 of every q[i] is 0, so bit 0 of t[i] is b[i]: as a wire label, t[i] shows its receiver its own bit. */
struct cn_cot_sender;
struct cn_cot_receiver;

/* 127 base OTs. The receiver of the extension sends first (one group element), then the sender. delta: the other 127 bits are
 * the sender's at random. On failure *out is NULL. prg must be private to the caller; tests seed it. */
CNAS_CHECKED enum cnas_status cn_cot_sender_new(struct cn_cot_sender **out, struct cn_chan *chan, struct cn_prg *prg);
CNAS_CHECKED enum cnas_status cn_cot_receiver_new(struct cn_cot_receiver **out, struct cn_chan *chan, struct cn_prg *prg);
void cn_cot_sender_free(struct cn_cot_sender **s); /* wipes */
void cn_cot_receiver_free(struct cn_cot_receiver **r);
cn_block cn_cot_delta(const struct cn_cot_sender *s);

/* n OTs. Only the receiver sends: 127 bits each, n rounded up to a multiple of 128. choices: n packed bits, low first.
 * After a failure the session is dead. q and t are wiped then. */
size_t cn_cot_bytes(size_t n); /* what the receiver sends for n */
CNAS_CHECKED enum cnas_status cn_cot_send(struct cn_cot_sender *s, struct cn_chan *chan, cn_block *q, size_t n);
CNAS_CHECKED enum cnas_status cn_cot_receive(struct cn_cot_receiver *r, struct cn_chan *chan, cn_block *t,
                                             const unsigned char *choices, size_t n);

#endif
