/* Adder, multiplexer and subtractor with one AND a bit.
 * Source:  Kolesnikov, Sadeghi, Schneider, "Improved garbled circuit building blocks", CANS 2009, section 3:
 *          carry' = c + (a + c)(b + c); the subtractor is the adder of y, not r and 1, written with the borrow:
 *          b' = b + (not y + b)(r + b).
 * Differs: the last carry and borrow are dropped with the bits above l. Truncation takes the low wires away. After ReLU the sign
 *          bit and all above it are 0, and there b' = b or r = b + r (not b), which costs half an AND because the evaluator knows
 *          r; so do bit 0 of the adder and of the subtractor.
 * Count:   ReLU: 3l - 5 - 2 shift ANDs and shift + 2 halves for shift < l - 1; truncation: 2l - 4 ANDs and 2 halves. */
#include "runtime/gc/circuit.h"

#include "runtime/base/bytes.h"
#include "runtime/base/misuse.h"
#include "runtime/gc/wire.h"

static void gate(struct cn_gc_circuit *c, struct cn_gc_gate g)
{
    cn_require(c->gates < CN_GC_GATES_MAX);
    c->gate[c->gates++] = g;
    c->ands += g.op == CN_GC_AND;
    c->halves += g.op == CN_GC_HALF;
}

/* out = ((not a) & known) ^ plus */
static void half_gate(struct cn_gc_circuit *c, uint16_t a, uint16_t known, uint16_t plus, uint16_t out)
{
    gate(c, (struct cn_gc_gate){
                .op = CN_GC_HALF, .a0 = a, .a1 = c->zero, .invert_a = 1, .b0 = known, .b1 = c->zero, .c = plus, .out = out});
}

void cn_gc_circuit_make(struct cn_gc_circuit *c, const struct cn_gc_spec *s)
{
    cn_require(s->bits >= 2 && s->bits <= 64 && s->shift < s->bits);
    const uint16_t l = (uint16_t)s->bits, shift = (uint16_t)s->shift, z_c = 0, r = l, z_s = 2 * l;
    const uint16_t zero = 3 * l, carry = zero + 1, z = zero + 2; /* z: l slots, first the sum, then y */
    const uint16_t sign = z + l - 1;
    const uint16_t kept = s->relu ? l - 1 - shift : l - shift; /* bits of y that are not a copy of the sign */
    *c = (struct cn_gc_circuit){.bits = l, .wires = z + l, .zero = zero};

    for (uint16_t i = 0; kept && i < l; i++) {
        uint16_t in = i ? carry : zero;
        if (i >= shift)
            gate(c, (struct cn_gc_gate){.op = CN_GC_XOR, .a0 = z_c + i, .a1 = z_s + i, .b0 = in, .out = z + i});
        if (i == 0)
            gate(c, (struct cn_gc_gate){.op = CN_GC_HALF, .a0 = z_s, .a1 = zero, .b0 = z_c, .b1 = zero, .c = zero, .out = carry});
        else if (i < l - 1)
            gate(c, (struct cn_gc_gate){
                        .op = CN_GC_AND, .a0 = z_s + i, .a1 = carry, .b0 = z_c + i, .b1 = carry, .c = carry, .out = carry});
    }
    for (uint16_t i = shift; s->relu && i < l - 1; i++)
        gate(c, (struct cn_gc_gate){
                    .op = CN_GC_AND, .a0 = sign, .a1 = zero, .invert_a = 1, .b0 = z + i, .b1 = zero, .c = zero, .out = z + i});
    for (uint16_t i = 0; i < l; i++) {
        uint16_t borrow = i ? carry : zero, y = i < kept ? z + shift + i : s->relu ? zero : sign;
        gate(c, (struct cn_gc_gate){.op = CN_GC_OUTPUT, .a0 = y, .a1 = r + i, .b0 = borrow, .out = i});
        if (i == l - 1)
            break;
        if (i == 0)
            half_gate(c, y, r, zero, carry);
        else if (y == zero)
            half_gate(c, carry, r + i, carry, carry);
        else
            gate(c,
                 (struct cn_gc_gate){
                     .op = CN_GC_AND, .a0 = y, .a1 = carry, .invert_a = 1, .b0 = r + i, .b1 = carry, .c = carry, .out = carry});
    }
}

size_t cn_gc_and_gates(const struct cn_gc_spec *s)
{
    struct cn_gc_circuit c;
    cn_gc_circuit_make(&c, s);
    return c.ands + c.halves;
}

struct cn_gc_bytes cn_gc_bytes(const struct cn_gc_spec *s)
{
    struct cn_gc_circuit c;
    cn_gc_circuit_make(&c, s);
    uint64_t n = cn_gc_padded(s->n), offline_to_server = 0;
    for (uint64_t first = 0; first < n; first += CN_GC_CHUNK)
        offline_to_server += cn_cot_bytes(cn_gc_min(CN_GC_CHUNK, n - first) * 2 * s->bits);
    return (struct cn_gc_bytes){
        .offline_to_server = offline_to_server,
        .offline_to_client = n ? sizeof(cn_block) * (1 + n * cn_gc_table_blocks(&c)) : 0,
        .online_to_client = sizeof(cn_block) * n * s->bits,
        .online_to_server = cn_packed_size(s->n, s->bits),
    };
}

void cn_gc_circuit_run(uint64_t *out, const struct cn_gc_circuit *c, const uint64_t *z_c, const uint64_t *r, const uint64_t *z_s)
{
    uint64_t wire[CN_GC_WIRES_MAX] = {0};
    for (unsigned i = 0; i < c->bits; i++) {
        wire[i] = z_c[i];
        wire[c->bits + i] = r[i];
        wire[2 * c->bits + i] = z_s[i];
    }
    for (unsigned i = 0; i < c->gates; i++) {
        const struct cn_gc_gate *g = &c->gate[i];
        uint64_t a = wire[g->a0] ^ wire[g->a1];
        if (g->op == CN_GC_XOR)
            wire[g->out] = a ^ wire[g->b0];
        else if (g->op == CN_GC_OUTPUT)
            out[g->out] = a ^ wire[g->b0];
        else
            wire[g->out] = ((a ^ -(uint64_t)g->invert_a) & (wire[g->b0] ^ wire[g->b1])) ^ wire[g->c];
    }
}

uint64_t cn_gc_ideal(const struct cn_gc_spec *s, uint64_t z, uint64_t r)
{
    unsigned above = 64 - s->bits;
    int64_t y = (int64_t)(z << above) >> above; /* the l-bit number with its sign */
    if (s->relu && y < 0)
        y = 0;
    return ((uint64_t)(y >> s->shift) - r) & (UINT64_MAX >> above);
}
