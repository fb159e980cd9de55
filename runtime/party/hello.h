/* The first messages inside the encrypted channel: that both parties were built from the same network, and the public half of
 * the quantisation, which the server chose.
 *
 *   client -> server   "cnasp2p", protocol version, model digest                                    40 bytes
 *   server -> client   the same; and if both agree: ring bits, weight bits, encryption parameters,
 *                      limits, fraction bits and shift of every point                      24 + 2 * points bytes
 *
 * A party that finds the other different fails with CNAS_E_MISMATCH and says both digests. */
#ifndef RUNTIME_PARTY_HELLO_H
#define RUNTIME_PARTY_HELLO_H

#include "runtime/net/chan.h"

#include <cnas/fixed.h>

/* The server's part of the hello. */
struct cn_terms {
    unsigned he_params;   /* cn_he_params_id */
    uint32_t max_queue;   /* offline runs kept */
    uint64_t max_queries; /* inferences in this session; 0: no limit */
};

CNAS_CHECKED enum cnas_status cn_hello_server(struct cn_chan *chan, const struct cnas_model *m, const struct cnas_fixed_plan *plan,
                                              const struct cn_terms *terms, struct cnas_error *err);
/* plan: its arrays, of m->n_points, are the caller's; every field is checked. */
CNAS_CHECKED enum cnas_status cn_hello_client(struct cn_chan *chan, const struct cnas_model *m, struct cnas_fixed_plan *plan,
                                              struct cn_terms *terms, struct cnas_error *err);

#endif
