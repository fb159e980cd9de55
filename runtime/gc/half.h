/* Garbling and evaluating a circuit on a group of elements side by side. Local: nothing is sent here.
 * A wire is an array of `lanes` labels, one for each element of the group; lanes is a multiple of 4, at most CN_GC_LANES. */
#ifndef RUNTIME_GC_HALF_H
#define RUNTIME_GC_HALF_H

#include "runtime/gc/circuit.h"

enum { CN_GC_LANES = 32 };

static inline size_t cn_gc_table_blocks(const struct cn_gc_circuit *c)
{
    return 2 * (size_t)c->ands + c->halves; /* per element */
}

struct cn_gc_group {
    const struct cn_gc_circuit *circuit;
    size_t lanes;
    cn_block start; /* of the hash (crh.h) */
    uint64_t tweak; /* the first unused; advanced, in the same way on both sides */
    cn_block *wire[CN_GC_WIRES_MAX];
    cn_block hash_in[2 * CN_GC_LANES], hash0[2 * CN_GC_LANES], hash1[2 * CN_GC_LANES];
};
/* Points wires to the inputs (z_c and r: 2l wires, z_s: l wires) and to `rest`, room for the others and the constant. */
void cn_gc_group_wires(struct cn_gc_group *g, cn_block *client, cn_block *server, cn_block *rest);
static inline size_t cn_gc_rest_wires(const struct cn_gc_circuit *c)
{
    return c->wires - 3 * c->bits;
}

/* Wires hold the labels of 0. Writes lanes * cn_gc_table_blocks blocks and the permute bits of the outputs, one word a lane. */
void cn_gc_garble(struct cn_gc_group *g, cn_block *table, uint64_t *permute, cn_block delta);
/* Wires hold the active labels. Writes the colours of the outputs: colour xor permute is the output. */
void cn_gc_evaluate(struct cn_gc_group *g, uint64_t *colour, const cn_block *table);

#endif
