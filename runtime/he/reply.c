/* The server's reply: sum of products, re-randomised, flooded, minus the share, rounded.
 *
 * Why the client learns nothing but z = sum w m - share (semi-honest: its key and ciphertexts are as the protocol makes them).
 * c1 alone would be sum w a, linear in the weights with a and s known to the client, and c0 + c1 s carries noise that depends on w.
 *  1. Each sent coefficient of c0 + c1 s is q z / t plus the bracket of noise.h plus x uniform in [-2^f, 2^f). Dropping the bracket
 *     (but for the rounding of q z / t, a function of z) changes the view of a whole inference by less than 2^-40.
 *  2. Now c0 is a function of z, x, s and c1; u and e2 occur only in c1 = sum w a + (a_pk u + e2). By RLWE with secret u,
 *     a_pk u + e2 is indistinguishable from uniform, hence so is c1.
 *  3. What is left is made from z and the client's own values: a simulator. Rounding to fewer bits is post-processing.
 * A fresh e1 in c0 would be drowned by x, so there is none. Coefficients of c0 that carry no output are never sent. */
#include "runtime/he/reply.h"

#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"
#include "runtime/he/dot.h"
#include "runtime/he/keys.h"
#include "runtime/he/layout.h"
#include "runtime/he/noise.h"
#include "runtime/he/sample.h"
#include "runtime/he/scale.h"
#include "runtime/he/wire.h"

#include <string.h>

/* Coefficients at a time: those of all ciphers stay in the second cache while the weights of several groups pass by. */
enum { CHUNK = 512, GROUPS = 8 };

/* One group's chunk modulo prime j: coefficients from `at`. */
static void product_chunk(uint64_t *c0, uint64_t *c1, const struct cn_he_params *p, const struct cn_he_weights *const *weights,
                          const struct cn_he_ciphers *const *ciphers, size_t n_terms, uint32_t g, unsigned j, size_t at)
{
    const uint64_t *w[CN_HE_DOT_MOST], *x0[CN_HE_DOT_MOST], *x1[CN_HE_DOT_MOST];
    unsigned held = 0;
    memset(c0, 0, CHUNK * sizeof *c0);
    memset(c1, 0, CHUNK * sizeof *c1);
    for (size_t i = 0; i < n_terms; i++)
        for (uint32_t poly = 0; poly < weights[i]->shape.map.polys; poly++) {
            size_t from = ((size_t)poly * p->primes + j) * p->n + at;
            w[held] = cn_he_weights_poly(weights[i], g, poly, j) + at;
            x0[held] = ciphers[i]->c0 + from;
            x1[held] = ciphers[i]->c1 + from;
            if (++held == CN_HE_DOT_MOST) {
                cn_he_dot(c0, c1, w, x0, x1, held, CHUNK, p->ntt[j]);
                held = 0;
            }
        }
    cn_he_dot(c0, c1, w, x0, x1, held, CHUNK, p->ntt[j]);
}

void cn_he_product(uint64_t *c0, uint64_t *c1, const struct cn_he_params *p, const struct cn_he_weights *const *weights,
                   const struct cn_he_ciphers *const *ciphers, size_t n_terms, uint32_t g, uint32_t groups)
{
    for (unsigned j = 0; j < p->primes; j++)
        for (size_t at = 0; at < p->n; at += CHUNK)
            for (uint32_t i = 0; i < groups; i++) {
                size_t to = ((size_t)i * p->primes + j) * p->n + at;
                product_chunk(c0 + to, c1 + to, p, weights, ciphers, n_terms, g + i, j, at);
            }
}

void cn_he_rerandomise(uint64_t *c0, uint64_t *c1, const struct cn_he_public *key, int64_t *small, uint64_t *scratch,
                       struct cn_prg *prg)
{
    const struct cn_he_params *p = key->p;
    size_t n = p->n;
    cn_he_sample_ternary(small, n, prg);
    for (unsigned j = 0; j < p->primes; j++) {
        const struct cn_he_mod *m = &p->ntt[j]->mod;
        uint64_t *x0 = c0 + j * n, *x1 = c1 + j * n;
        const uint64_t *b = key->b + j * n, *a = key->a + j * n, *u = scratch;
        for (size_t k = 0; k < n; k++)
            scratch[k] = cn_he_lift(small[k], m->q);
        cn_he_ntt_forward(scratch, p->ntt[j]);
        cn_he_dot(x0, x1, &u, &b, &a, 1, n, p->ntt[j]);
        cn_he_ntt_inverse(x0, p->ntt[j]);
        cn_he_ntt_inverse(x1, p->ntt[j]);
    }
    cn_he_sample_error(small, n, prg);
    for (unsigned j = 0; j < p->primes; j++) {
        uint64_t q = p->ntt[j]->mod.q;
        for (size_t k = 0; k < n; k++)
            c1[j * n + k] = cn_he_add(c1[j * n + k], cn_he_lift(small[k], q), q);
    }
}

uint64_t cn_he_reply_bound(const struct cn_he_params *p, const struct cn_he_term_shape *const *shapes, size_t n_terms,
                           const struct cn_he_need *need, unsigned *flood_bits)
{
    uint64_t taps = 0;
    for (size_t i = 0; i < n_terms; i++)
        taps += (uint64_t)shapes[i]->map.c * shapes[i]->kh * shapes[i]->kw;
    cn_require(taps <= need->max_taps);
    uint64_t bound = cn_he_noise_bound(need, taps, shapes[0]->map.blocks, p->n);
    int flood = cn_he_flood_possible(p, need->ring_bits, bound);
    cn_require(flood >= (int)cn_he_flood_needed(need, bound));
    *flood_bits = (unsigned)flood;
    return bound;
}

static size_t group_bytes(const struct cn_he_params *p, const struct cn_he_term_shape *t, uint32_t g, unsigned ring_bits)
{
    size_t values = (size_t)cn_he_group_outputs(t, g) * t->oh * t->ow;
    return cn_he_wire_wide_bytes(p->n, cn_he_c1_bits(p, ring_bits)) + cn_he_wire_wide_bytes(values, cn_he_c0_bits(ring_bits));
}

size_t cn_he_reply_bytes(const struct cn_he_params *p, const struct cn_he_term_shape *t, unsigned ring_bits)
{
    uint32_t groups = cn_he_term_groups(t);
    return (groups - 1) * group_bytes(p, t, 0, ring_bits) + group_bytes(p, t, groups - 1, ring_bits);
}

/* Scratch of one reply. */
struct work {
    uint64_t *c0, *c1, *scratch; /* (groups, primes, n), (groups, primes, n), (n) */
    int64_t *small;              /* (n) */
    unsigned __int128 *wide;     /* (n) */
    void *memory;
    size_t size;
};

static enum cnas_status work_init(struct work *k, const struct cn_he_params *p, uint32_t groups)
{
    size_t words = groups * p->primes * p->n;
    k->size = (2 * words + 4 * p->n) * sizeof(uint64_t);
    k->memory = cn_mem_alloc(k->size, 1);
    if (!k->memory)
        return CNAS_E_MEMORY;
    k->wide = k->memory;
    k->c0 = (uint64_t *)k->memory + 2 * p->n;
    k->c1 = k->c0 + words;
    k->scratch = k->c1 + words;
    k->small = (int64_t *)(k->scratch + p->n);
    return CNAS_OK;
}

/* c0 at the read-out coefficients: floods, subtracts the share (outputs, oh, ow), rounds to wide. */
static void finish_c0(struct work *k, const uint64_t *c0, const struct cn_he_params *p, const struct cn_he_term_shape *t, uint32_t outputs,
                      const uint64_t *share, const struct cn_he_ring *ring, unsigned flood_bits, struct cn_prg *prg)
{
    size_t at = 0;
    uint64_t half[CN_HE_MAX_PRIMES]; /* 2^f */
    for (unsigned r = 0; r < p->primes; r++)
        half[r] = cn_he_reduce128((unsigned __int128)1 << flood_bits, &p->ntt[r]->mod);
    cn_he_sample_wide(k->wide, (size_t)outputs * t->oh * t->ow, flood_bits + 1, prg);
    for (uint32_t o = 0; o < outputs; o++)
        for (uint32_t i = 0; i < t->oh; i++)
            for (uint32_t j = 0; j < t->ow; j++, at++) {
                size_t where = cn_he_output_at(t, o, i, j);
                uint64_t x[CN_HE_MAX_PRIMES], minus = (0 - share[at]) & ring->mask;
                for (unsigned r = 0; r < p->primes; r++) {
                    const struct cn_he_mod *m = &p->ntt[r]->mod;
                    uint64_t flood = cn_he_sub(cn_he_reduce128(k->wide[at], m), half[r], m->q);
                    x[r] = cn_he_add(c0[r * p->n + where], flood, m->q);
                    x[r] = cn_he_add(x[r], cn_he_encode(minus, ring, p, r), m->q);
                }
                k->wide[at] = cn_he_round(cn_he_fraction(x, p), cn_he_c0_bits(ring->bits));
            }
}

static void finish_c1(struct work *k, const uint64_t *c1, const struct cn_he_params *p, unsigned ring_bits)
{
    for (size_t i = 0; i < p->n; i++) {
        uint64_t x[CN_HE_MAX_PRIMES];
        for (unsigned r = 0; r < p->primes; r++)
            x[r] = c1[r * p->n + i];
        k->wide[i] = cn_he_round(cn_he_fraction(x, p), cn_he_c1_bits(p, ring_bits));
    }
}

enum cnas_status cn_he_reply(unsigned char *out, const struct cn_he_params *p, const struct cn_he_public *key,
                             const struct cn_he_term_shape *const *shapes, const struct cn_he_weights *const *weights,
                             const struct cn_he_ciphers *const *ciphers, size_t n_terms, const uint64_t *share,
                             const struct cn_he_need *need, struct cn_prg *prg)
{
    cn_require(n_terms > 0 && key->p == p);
    for (size_t i = 0; i < n_terms; i++) {
        cn_require(cn_he_same_reply(shapes[0], shapes[i]) && weights[i]->p == p && ciphers[i]->p == p);
        cn_require(memcmp(shapes[i], &weights[i]->shape, sizeof *shapes[i]) == 0);
        cn_require(memcmp(&shapes[i]->map, &ciphers[i]->map, sizeof ciphers[i]->map) == 0);
        for (size_t j = 0; j < i; j++)
            cn_require(ciphers[i] != ciphers[j]); /* else their errors would not be independent: noise.h */
        if (weights[i]->magnitude >> (need->weight_bits - 1)) /* tells of the weights only that the network was refused */
            return CNAS_E_RANGE;
    }
    unsigned flood_bits;
    cn_he_reply_bound(p, shapes, n_terms, need, &flood_bits);
    struct cn_he_ring ring;
    cn_he_ring_init(&ring, p, need->ring_bits);
    const struct cn_he_term_shape *t = shapes[0];
    uint32_t groups = cn_he_term_groups(t), batch = groups < GROUPS ? groups : GROUPS;
    struct work k;
    if (work_init(&k, p, batch) != CNAS_OK)
        return CNAS_E_MEMORY;
    unsigned c1_bits = cn_he_c1_bits(p, ring.bits), c0_bits = cn_he_c0_bits(ring.bits);
    for (uint32_t g = 0; g < groups; g++) {
        if (g % batch == 0)
            cn_he_product(k.c0, k.c1, p, weights, ciphers, n_terms, g, groups - g < batch ? groups - g : batch);
        uint64_t *c0 = k.c0 + g % batch * p->primes * p->n, *c1 = k.c1 + g % batch * p->primes * p->n;
        uint32_t outputs = cn_he_group_outputs(t, g);
        size_t values = (size_t)outputs * t->oh * t->ow;
        cn_he_rerandomise(c0, c1, key, k.small, k.scratch, prg);
        finish_c1(&k, c1, p, ring.bits);
        cn_he_wire_put_wide(out, k.wide, p->n, c1_bits, k.scratch);
        out += cn_he_wire_wide_bytes(p->n, c1_bits);
        finish_c0(&k, c0, p, t, outputs, share, &ring, flood_bits, prg);
        cn_he_wire_put_wide(out, k.wide, values, c0_bits, k.scratch);
        out += cn_he_wire_wide_bytes(values, c0_bits);
        share += values;
    }
    cn_mem_wipe_free(k.memory, k.size);
    return CNAS_OK;
}
