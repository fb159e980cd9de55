/* Where everything lies while the engine runs: one piece of memory, planned before the first batch. Training and inference have plans
 * of their own, over the same piece: neither outlives a batch. */
#ifndef RUNTIME_ENGINE_MEMORY_H
#define RUNTIME_ENGINE_MEMORY_H

#include "runtime/engine/graph.h"

enum { CN_ENGINE_BYTES_ACT, CN_ENGINE_BYTES_GRAD, CN_ENGINE_BYTES_SCRATCH, CN_ENGINE_BYTES_KINDS };

struct cn_engine_places {
    void *base;
    size_t size;
    int is_guest; /* base is another plan's */
    /* per value; NULL where there is none. act[0], the input, is the caller's. */
    void **act, **again; /* again: made once more in the backward pass */
    void **grad, **more; /* the gradient is the sum of both */
    /* per unit */
    void **signs, **temp; /* temp: a gradient that is added afterwards */
    void **scratch;       /* of forward; of backward from n_units on */
    uint8_t *remake;      /* bit j: before backward, operand j is made again (in time for this unit, the first that reads it) */
    size_t peak[CN_ENGINE_BYTES_KINDS]; /* what is alive when most is, by kind */
};

struct cn_engine_memory_want {
    size_t batch;
    enum cn_engine_type type;
    int training;
    int remake;                   /* results of batch norms and ReLU are not kept for backward but made again */
    const size_t *scratch;        /* bytes per unit */
    const struct cn_engine_places *host; /* lends its memory where that is enough; must outlive this. NULL: none */
};

CNAS_CHECKED enum cnas_status cn_engine_places_new(struct cn_engine_places *p, const struct cn_engine_graph *g,
                                                   const struct cn_engine_memory_want *want);
void cn_engine_places_clear(struct cn_engine_places *p);

/* What backward reads, which both the plan and the run must agree on. */
int cn_engine_reads_again(const struct cn_engine_graph *g, const struct cn_engine_unit *u, uint32_t i); /* operand i */
int cn_engine_reads_result(const struct cn_engine_unit *u);
int cn_engine_wants_signs(const struct cn_engine_graph *g, const struct cn_engine_unit *u);

size_t cn_engine_value_bytes(const struct cn_engine_value *v, enum cn_engine_type type); /* of one sample */

#endif
