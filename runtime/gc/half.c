/* Half-gates with free XOR and point-and-permute.
 * Source:  Zahur, Rosulek, Evans, "Two Halves Make a Whole", EUROCRYPT 2015, figure 2; hash as in runtime/prg/crh.h.
 * Differs: a gate first adds two wires on each side and afterwards a third to its result (all free). Where the evaluator knows b,
 *          only its half remains: b is one of its inputs, whose labels show it the bit itself (ot.h), so the permute bit is 0.
 *          Elements go through the circuit side by side: all labels of a wire lie together, and so do a gate's two rows.
 * Names:   A, B zero labels, p permute bits, s colours, T_G, T_E the two rows, W the result, as in the paper;
 *          hash0, hash1 hold H(X), H(X + delta).
 *          W_G = H(A) + p_a T_G, T_G = H(A) + H(A + delta) + p_b delta; W_E = H(B) + p_b (T_E + A),
 *          T_E = H(B) + H(B + delta) + A.
 * Wide vectors in the compiler's notation: compiled for AVX-512 and for any CPU. No branch or index depends on a label. */
#include "runtime/gc/half.h"

#include "runtime/prg/crh.h"

#include <string.h>

typedef uint64_t vector __attribute__((vector_size(64), aligned(8), may_alias)); /* four labels */

enum { STEP = 4, AHEAD = 1024 /* blocks of tables: 16 KiB */ };

#define ALWAYS __attribute__((always_inline)) static inline

/* Four times bit 0 of a label, as a mask over the label. */
ALWAYS void masks(vector *out, const vector *x)
{
    vector bit = *x & 1;
    *out = -__builtin_shufflevector(bit, bit, 0, 0, 2, 2, 4, 4, 6, 6);
}

ALWAYS vector *at(cn_block *p)
{
    return (vector *)(void *)p;
}

ALWAYS const vector *see(const cn_block *p)
{
    return (const vector *)(const void *)p;
}

ALWAYS void spread(vector *out, cn_block x)
{
    *out = (vector){x.w[0], x.w[1], x.w[0], x.w[1], x.w[0], x.w[1], x.w[0], x.w[1]};
}

ALWAYS void xor_gate(struct cn_gc_group *g, const struct cn_gc_gate *t)
{
    const cn_block *a0 = g->wire[t->a0], *a1 = g->wire[t->a1], *b0 = g->wire[t->b0];
    cn_block *out = g->wire[t->out];
    for (size_t k = 0; k < g->lanes; k += STEP)
        *at(out + k) = *see(a0 + k) ^ *see(a1 + k) ^ *see(b0 + k);
}

/* The colours of the output bit. */
ALWAYS void output_gate(const struct cn_gc_group *g, const struct cn_gc_gate *t, uint64_t *bits)
{
    const cn_block *a0 = g->wire[t->a0], *a1 = g->wire[t->a1], *b0 = g->wire[t->b0];
    for (size_t k = 0; k < g->lanes; k++)
        bits[k] |= ((a0[k].w[0] ^ a1[k].w[0] ^ b0[k].w[0]) & 1) << t->out;
}

/* Tables and the client's labels come from memory once and in order, faster than the hardware prefetches by itself. The address
 * may lie past the end of the array: a prefetch does not fault. */
ALWAYS void look_ahead(const cn_block *p, size_t ahead, size_t blocks)
{
    uintptr_t start = (uintptr_t)p + ahead * sizeof *p;
    for (size_t k = 0; k < blocks; k += STEP)
        __builtin_prefetch((const void *)(start + k * sizeof *p), 0, 2);
}

/* The operands a and b, a first (b alone for half a gate), to hash_in. */
ALWAYS void operands(struct cn_gc_group *g, const struct cn_gc_gate *t, const vector *invert, size_t a_lanes)
{
    const cn_block *a0 = g->wire[t->a0], *a1 = g->wire[t->a1], *b0 = g->wire[t->b0], *b1 = g->wire[t->b1];
    cn_block *a = g->hash_in, *b = g->hash_in + a_lanes;
    size_t client = 2 * g->circuit->bits; /* its wires; the next group's labels lie behind this one's */
    if (t->b0 < client)
        look_ahead(b0, client * g->lanes, g->lanes);
    for (size_t k = 0; k < a_lanes; k += STEP)
        *at(a + k) = *see(a0 + k) ^ *see(a1 + k) ^ *invert;
    for (size_t k = 0; k < g->lanes; k += STEP)
        *at(b + k) = *see(b0 + k) ^ *see(b1 + k);
}

ALWAYS void garble_and(struct cn_gc_group *g, const struct cn_gc_gate *t, cn_block *table, cn_block delta_block)
{
    const size_t n = g->lanes;
    vector delta, invert;
    spread(&delta, delta_block);
    invert = delta & -(uint64_t)t->invert_a; /* the circuit is public */
    operands(g, t, &invert, n);
    cn_aes()->hash_pair(g->hash0, g->hash1, g->hash_in, delta_block, g->start, g->tweak, 2 * n);
    g->tweak += 2 * n;
    const cn_block *c = g->wire[t->c];
    cn_block *out = g->wire[t->out];
    for (size_t k = 0; k < n; k += STEP) {
        vector a = *see(g->hash_in + k), b = *see(g->hash_in + n + k), p_a, p_b;
        vector h_a = *see(g->hash0 + k), h_b = *see(g->hash0 + n + k);
        vector sum_a = h_a ^ *see(g->hash1 + k), sum_b = h_b ^ *see(g->hash1 + n + k);
        masks(&p_a, &a);
        masks(&p_b, &b);
        vector t_g = sum_a ^ (p_b & delta);
        *at(table + k) = t_g;
        *at(table + n + k) = sum_b ^ a;
        *at(out + k) = h_a ^ (p_a & t_g) ^ h_b ^ (p_b & sum_b) ^ *see(c + k);
    }
}

ALWAYS void garble_half(struct cn_gc_group *g, const struct cn_gc_gate *t, cn_block *table, cn_block delta_block)
{
    const size_t n = g->lanes;
    vector delta, invert;
    spread(&delta, delta_block);
    invert = delta & -(uint64_t)t->invert_a;
    operands(g, t, &invert, 0);
    cn_aes()->hash_pair(g->hash0, g->hash1, g->hash_in, delta_block, g->start, g->tweak, n);
    g->tweak += n;
    const cn_block *a0 = g->wire[t->a0], *a1 = g->wire[t->a1], *c = g->wire[t->c];
    cn_block *out = g->wire[t->out];
    for (size_t k = 0; k < n; k += STEP) {
        vector a = *see(a0 + k) ^ *see(a1 + k) ^ invert, h_b = *see(g->hash0 + k);
        *at(table + k) = h_b ^ *see(g->hash1 + k) ^ a;
        *at(out + k) = h_b ^ *see(c + k);
    }
}

ALWAYS void evaluate_and(struct cn_gc_group *g, const struct cn_gc_gate *t, const cn_block *table)
{
    const size_t n = g->lanes;
    const vector none = {0};
    look_ahead(table, AHEAD, 2 * n);
    operands(g, t, &none, n);
    cn_aes()->hash(g->hash0, g->hash_in, g->start, g->tweak, 2 * n);
    g->tweak += 2 * n;
    const cn_block *c = g->wire[t->c];
    cn_block *out = g->wire[t->out];
    for (size_t k = 0; k < n; k += STEP) {
        vector a = *see(g->hash_in + k), b = *see(g->hash_in + n + k), s_a, s_b;
        masks(&s_a, &a);
        masks(&s_b, &b);
        *at(out + k) = *see(g->hash0 + k) ^ *see(g->hash0 + n + k) ^ (s_a & *see(table + k)) ^ (s_b & (*see(table + n + k) ^ a)) ^
                       *see(c + k);
    }
}

ALWAYS void evaluate_half(struct cn_gc_group *g, const struct cn_gc_gate *t, const cn_block *table)
{
    const size_t n = g->lanes;
    const vector none = {0};
    look_ahead(table, AHEAD, n);
    operands(g, t, &none, 0);
    cn_aes()->hash(g->hash0, g->hash_in, g->start, g->tweak, n);
    g->tweak += n;
    const cn_block *a0 = g->wire[t->a0], *a1 = g->wire[t->a1], *c = g->wire[t->c];
    cn_block *out = g->wire[t->out];
    for (size_t k = 0; k < n; k += STEP) {
        vector b = *see(g->hash_in + k), s_b;
        masks(&s_b, &b);
        *at(out + k) = *see(g->hash0 + k) ^ (s_b & (*see(table + k) ^ *see(a0 + k) ^ *see(a1 + k))) ^ *see(c + k);
    }
}

ALWAYS void garble_all(struct cn_gc_group *g, cn_block *table, uint64_t *permute, cn_block delta)
{
    for (unsigned i = 0; i < g->circuit->gates; i++) {
        const struct cn_gc_gate *t = &g->circuit->gate[i];
        switch ((enum cn_gc_op)t->op) {
        case CN_GC_XOR:
            xor_gate(g, t);
            break;
        case CN_GC_AND:
            garble_and(g, t, table, delta);
            table += 2 * g->lanes;
            break;
        case CN_GC_HALF:
            garble_half(g, t, table, delta);
            table += g->lanes;
            break;
        case CN_GC_OUTPUT:
            output_gate(g, t, permute);
            break;
        }
    }
}

ALWAYS void evaluate_all(struct cn_gc_group *g, uint64_t *colour, const cn_block *table)
{
    for (unsigned i = 0; i < g->circuit->gates; i++) {
        const struct cn_gc_gate *t = &g->circuit->gate[i];
        switch ((enum cn_gc_op)t->op) {
        case CN_GC_XOR:
            xor_gate(g, t);
            break;
        case CN_GC_AND:
            evaluate_and(g, t, table);
            table += 2 * g->lanes;
            break;
        case CN_GC_HALF:
            evaluate_half(g, t, table);
            table += g->lanes;
            break;
        case CN_GC_OUTPUT:
            output_gate(g, t, colour);
            break;
        }
    }
}

#ifdef __x86_64__
__attribute__((target("avx512f,avx512bw,avx512vl"))) static void garble_wide(struct cn_gc_group *g, cn_block *table,
                                                                             uint64_t *permute, cn_block delta)
{
    garble_all(g, table, permute, delta);
}

__attribute__((target("avx512f,avx512bw,avx512vl"))) static void evaluate_wide(struct cn_gc_group *g, uint64_t *colour,
                                                                               const cn_block *table)
{
    evaluate_all(g, colour, table);
}
#endif

void cn_gc_garble(struct cn_gc_group *g, cn_block *table, uint64_t *permute, cn_block delta)
{
    memset(permute, 0, g->lanes * sizeof *permute);
#ifdef __x86_64__
    if (cn_aes()->wide) {
        garble_wide(g, table, permute, delta);
        return;
    }
#endif
    garble_all(g, table, permute, delta);
}

void cn_gc_evaluate(struct cn_gc_group *g, uint64_t *colour, const cn_block *table)
{
    memset(colour, 0, g->lanes * sizeof *colour);
#ifdef __x86_64__
    if (cn_aes()->wide) {
        evaluate_wide(g, colour, table);
        return;
    }
#endif
    evaluate_all(g, colour, table);
}

void cn_gc_group_wires(struct cn_gc_group *g, cn_block *client, cn_block *server, cn_block *rest)
{
    const struct cn_gc_circuit *c = g->circuit;
    for (unsigned i = 0; i < c->wires; i++) {
        if (i < 2 * c->bits)
            g->wire[i] = client + i * g->lanes;
        else if (i < 3 * c->bits)
            g->wire[i] = server + (i - 2 * c->bits) * g->lanes;
        else
            g->wire[i] = rest + (i - 3 * c->bits) * g->lanes;
    }
    memset(g->wire[c->zero], 0, g->lanes * sizeof(cn_block)); /* the label of 0 is 0: it drops out of every sum */
}
