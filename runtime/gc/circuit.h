/* The circuit of one activation element as a straight list of gates, made from the public specification.
 *   z = z_c + z_s mod 2^l;  y = (relu ? max(z, 0) : z) >> shift;  output y - r mod 2^l, bit by bit.
 * Wires: 0 ... l-1 the bits of z_c, l ... 2l-1 of r (both the evaluator's inputs), 2l ... 3l-1 of z_s (the garbler's), then
 * the constant 0, then slots for intermediate values, which are written more than once. Low bits first. */
#ifndef RUNTIME_GC_CIRCUIT_H
#define RUNTIME_GC_CIRCUIT_H

#include "runtime/gc/gc.h"

enum cn_gc_op {
    CN_GC_XOR,   /* out = a0 ^ a1 ^ b0 */
    CN_GC_AND,   /* out = ((a0 ^ a1 ^ invert_a) & (b0 ^ b1)) ^ c */
    CN_GC_HALF,  /* the same, where b0 is an input of the evaluator and b1 the constant 0: half the price */
    CN_GC_OUTPUT /* bit `out` of the output is a0 ^ a1 ^ b0 */
};

struct cn_gc_gate {
    unsigned char op, invert_a;
    uint16_t a0, a1, b0, b1, c, out;
};

enum { CN_GC_GATES_MAX = 5 * 64, CN_GC_WIRES_MAX = 4 * 64 + 2 };

struct cn_gc_circuit {
    unsigned bits, wires, zero;   /* zero: the wire that is constant 0 */
    unsigned gates, ands, halves; /* ands and halves counted among gates */
    struct cn_gc_gate gate[CN_GC_GATES_MAX];
};

void cn_gc_circuit_make(struct cn_gc_circuit *c, const struct cn_gc_spec *s);

/* The circuit in the clear on 64 instances at once: word i of z_c, r, z_s and out is bit i of every instance. For tests. */
void cn_gc_circuit_run(uint64_t *out, const struct cn_gc_circuit *c, const uint64_t *z_c, const uint64_t *r, const uint64_t *z_s);

#endif
