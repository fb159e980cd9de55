/* Arithmetic modulo a prime q < 2^60 on 64-bit words, without divisions and without branches on values.
 * Source: Shoup's multiplication by a constant and lazy reduction as in Harvey, "Faster arithmetic for number-theoretic
 *         transforms", J. Symb. Comput. 60 (2014), section 2. */
#ifndef RUNTIME_HE_MOD_H
#define RUNTIME_HE_MOD_H

#include <stdint.h>

/* A constant factor w < q with floor(w * 2^64 / q). */
struct cn_he_factor {
    uint64_t w, shoup;
};

struct cn_he_mod {
    uint64_t q;
    unsigned bits;             /* q < 2^bits */
    struct cn_he_factor one;   /* 1 */
    struct cn_he_factor two64; /* 2^64 mod q */
};

static inline uint64_t cn_he_mulhi(uint64_t a, uint64_t b)
{
    return (uint64_t)((unsigned __int128)a * b >> 64);
}

/* Divides: for public constants only. */
static inline struct cn_he_factor cn_he_factor(uint64_t w, uint64_t q)
{
    return (struct cn_he_factor){w, (uint64_t)(((unsigned __int128)w << 64) / q)};
}

/* x * w mod q in [0, 2q) for any x < 2^64: with h = floor(x * shoup / 2^64), x w / q - 2 < h <= x w / q. */
static inline uint64_t cn_he_mul_lazy(uint64_t x, struct cn_he_factor f, uint64_t q)
{
    return x * f.w - cn_he_mulhi(x, f.shoup) * q;
}

/* x mod m for x < 2m, m < 2^62: the borrow of x - m is spread to a mask. */
static inline uint64_t cn_he_reduce_once(uint64_t x, uint64_t m)
{
    uint64_t d = x - m;
    return d + (m & (0 - (d >> 63)));
}

static inline uint64_t cn_he_mul_const(uint64_t x, struct cn_he_factor f, uint64_t q)
{
    return cn_he_reduce_once(cn_he_mul_lazy(x, f, q), q);
}

static inline uint64_t cn_he_add(uint64_t a, uint64_t b, uint64_t q)
{
    return cn_he_reduce_once(a + b, q);
}

static inline uint64_t cn_he_sub(uint64_t a, uint64_t b, uint64_t q)
{
    return cn_he_reduce_once(a + q - b, q);
}

/* Any 128-bit x: high * 2^64 + low, each part in [0, 2q). */
static inline uint64_t cn_he_reduce128(unsigned __int128 x, const struct cn_he_mod *m)
{
    uint64_t r = cn_he_mul_lazy((uint64_t)(x >> 64), m->two64, m->q) + cn_he_mul_lazy((uint64_t)x, m->one, m->q);
    return cn_he_reduce_once(cn_he_reduce_once(r, 2 * m->q), m->q);
}

static inline uint64_t cn_he_mul(uint64_t a, uint64_t b, const struct cn_he_mod *m)
{
    return cn_he_reduce128((unsigned __int128)a * b, m);
}

/* v mod q for |v| < q. */
static inline uint64_t cn_he_lift(int64_t v, uint64_t q)
{
    return (uint64_t)v + (q & (0 - ((uint64_t)v >> 63)));
}

#endif
