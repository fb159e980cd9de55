/* For the tests of runtime/he: one client and one server in a process, and the convolution that the reply must equal. */
#ifndef TESTS_UNIT_HE_SUPPORT_H
#define TESTS_UNIT_HE_SUPPORT_H

#include "runtime/base/mem.h"
#include "runtime/he/he.h"
#include "runtime/prg/prg.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A generator from CNAS_SEED (default 1) and a test's number; a failing test's log names the seed. */
static inline void test_prg(struct cn_prg *g, unsigned char number)
{
    const char *text = getenv("CNAS_SEED");
    unsigned char seed[32] = {0};
    unsigned long value = text ? strtoul(text, NULL, 10) : 1;
    memcpy(seed, &value, sizeof value);
    seed[31] = number;
    cn_prg_init(g, seed);
}

static inline uint32_t test_below(struct cn_prg *g, uint32_t n)
{
    return (uint32_t)(cn_prg_u64(g) % n);
}

static inline uint64_t test_mask(unsigned ring_bits)
{
    return (UINT64_C(1) << ring_bits) - 1;
}

/* out (k, oh, ow) += conv(w, src) modulo 2^64, from <cnas/model.h>'s definition. */
static inline void test_conv(uint64_t *out, const struct cn_he_term_shape *t, const int32_t *w, const uint64_t *src)
{
    int64_t h = t->map.h, wd = t->map.w;
    for (uint32_t k = 0; k < t->k; k++)
        for (uint32_t i = 0; i < t->oh; i++)
            for (uint32_t j = 0; j < t->ow; j++)
                for (uint32_t c = 0; c < t->map.c; c++)
                    for (uint32_t a = 0; a < t->kh; a++)
                        for (uint32_t b = 0; b < t->kw; b++) {
                            int64_t y = (int64_t)i * t->stride + a - t->pad_y, x = (int64_t)j * t->stride + b - t->pad_x;
                            if (y < 0 || y >= h || x < 0 || x >= wd)
                                continue;
                            int64_t v = w[((size_t)(k * t->map.c + c) * t->kh + a) * t->kw + b];
                            out[((size_t)k * t->oh + i) * t->ow + j] += (uint64_t)v * src[((size_t)c * h + y) * wd + x];
                        }
}

/* Both parties' keys. */
struct test_keys {
    const struct cn_he_params *p;
    struct cn_he_secret *secret;
    struct cn_he_public *public_key;
};

static inline void test_keys_init(struct test_keys *k, const struct cn_he_params *p, struct cn_prg *g)
{
    k->p = p;
    ck_assert_int_eq(cn_he_keygen(&k->secret, p, g), CNAS_OK);
    unsigned char *bytes = malloc(cn_he_public_bytes(p));
    cn_he_public_write(bytes, k->secret);
    ck_assert_int_eq(cn_he_public_read(&k->public_key, p, bytes), CNAS_OK);
    free(bytes);
}

static inline void test_keys_clear(struct test_keys *k)
{
    cn_he_secret_free(&k->secret);
    cn_he_public_free(&k->public_key);
}

/* One term with its masks, its weights and what each party holds of them. */
struct test_term {
    struct cn_he_term_shape shape;
    uint64_t *r;
    int32_t *w;
    struct cn_he_ciphers *ciphers;
    struct cn_he_weights *weights;
};

enum test_values { TEST_RANDOM, TEST_LARGEST, TEST_SMALLEST }; /* of weights: masks follow */

static inline void test_term_init(struct test_term *t, const struct test_keys *k, unsigned ring_bits, unsigned weight_bits,
                                  enum test_values values, struct cn_prg *g)
{
    const struct cn_he_map *m = &t->shape.map;
    size_t n_r = (size_t)m->c * m->h * m->w, n_w = (size_t)t->shape.k * m->c * t->shape.kh * t->shape.kw;
    uint64_t mask = test_mask(ring_bits);
    int32_t limit = (int32_t)((UINT32_C(1) << (weight_bits - 1)) - 1);
    t->r = malloc(n_r * sizeof *t->r);
    t->w = malloc(n_w * sizeof *t->w);
    for (size_t i = 0; i < n_r; i++)
        t->r[i] = values == TEST_RANDOM ? cn_prg_u64(g) & mask : values == TEST_LARGEST ? mask : mask / 2 + 1;
    for (size_t i = 0; i < n_w; i++)
        t->w[i] = values == TEST_RANDOM ? (int32_t)(cn_prg_u64(g) % (2 * (uint64_t)limit + 1)) - limit
                                        : values == TEST_LARGEST ? limit : -limit;
    size_t n = cn_he_map_bytes(k->p, m);
    unsigned char *bytes = malloc(n);
    ck_assert_int_eq(cn_he_encrypt_map(bytes, k->secret, m, t->r, ring_bits, g), CNAS_OK);
    ck_assert_int_eq(cn_he_ciphers_read(&t->ciphers, k->p, m, bytes, n), CNAS_OK);
    free(bytes);
    ck_assert_int_eq(cn_he_weights_new(&t->weights, k->p, &t->shape, t->w), CNAS_OK);
}

static inline void test_term_clear(struct test_term *t)
{
    free(t->r);
    free(t->w);
    cn_he_ciphers_free(&t->ciphers);
    cn_he_weights_free(&t->weights);
}

/* Shape with the gap that it needs (and `more`); 0 if the map does not fit the degree. */
static inline int test_shape(struct cn_he_term_shape *t, const struct cn_he_params *p, uint32_t c, uint32_t h, uint32_t w,
                             uint32_t more)
{
    memset(&t->map, 0, sizeof t->map);
    return cn_he_map_init(&t->map, p, c, h, w, cn_he_term_gap(h, w, t) + more) == CNAS_OK;
}

#endif
