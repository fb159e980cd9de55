/* Random base oblivious transfers: the sender gets pairs of keys, the receiver the key of its choice in each pair. */
#ifndef RUNTIME_OT_BASE_H
#define RUNTIME_OT_BASE_H

#include "runtime/net/chan.h"
#include "runtime/prg/block.h"
#include "runtime/prg/prg.h"

#include <stddef.h>

/* The sender sends first: 32 bytes. Then the receiver: 64 bytes per OT. n <= 128. Outputs are wiped on failure. */
CNAS_CHECKED enum cnas_status cn_ot_base_send(cn_block (*keys)[2], size_t n, struct cn_chan *chan, struct cn_prg *prg);
/* choices[i] is 0 or 1. */
CNAS_CHECKED enum cnas_status cn_ot_base_receive(cn_block *keys, const unsigned char *choices, size_t n, struct cn_chan *chan,
                                                 struct cn_prg *prg);

#endif
