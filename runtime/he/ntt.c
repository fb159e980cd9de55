/* Negacyclic NTT: decimation in time forward (Cooley-Tukey), in frequency backward (Gentleman-Sande), no bit reversal.
 * Source:  Longa, Naehrig, "Speeding up the number theoretic transform for faster ideal lattice-based cryptography",
 *          CANS 2016, algorithms 1 and 2 (psi merged into the twiddles); Harvey 2014, section 3 (lazy butterflies).
 * Differs: 1/N is merged into the last level of the inverse.
 * The sequence of operations and addresses depends on N alone. */
#include "runtime/he/ntt.h"

#include "runtime/base/misuse.h"
#include "runtime/he/ifma.h"

static uint64_t power(uint64_t x, uint64_t e, const struct cn_he_mod *m)
{
    uint64_t r = 1;
    for (; e; e >>= 1, x = cn_he_mul(x, x, m))
        if (e & 1)
            r = cn_he_mul(r, x, m);
    return r;
}

static uint32_t reverse_bits(uint32_t i, unsigned bits)
{
    uint32_t r = 0;
    for (unsigned b = 0; b < bits; b++)
        r |= (i >> b & 1) << (bits - 1 - b);
    return r;
}

void cn_he_ntt_init(struct cn_he_ntt *t, uint64_t q, unsigned log_n)
{
    size_t n = (size_t)1 << log_n;
    cn_require(n >= 8 && n <= CN_HE_MAX_DEGREE && q < UINT64_C(1) << 60 && q % (2 * n) == 1);
    t->log_n = log_n;
    t->n = n;
    t->mod.q = q;
    t->mod.bits = 64 - (unsigned)__builtin_clzll(q);
    t->mod.one = cn_he_factor(1, q);
    t->mod.two64 = cn_he_factor((uint64_t)(((unsigned __int128)1 << 64) % q), q);

    const struct cn_he_mod *m = &t->mod;
    uint64_t g = 2;
    do
        t->psi = power(g++, (q - 1) / (2 * n), m);
    while (power(t->psi, n, m) != q - 1);
    uint64_t psi_inv = power(t->psi, 2 * n - 1, m), up = 1, down = 1;
    for (size_t i = 0; i < n; i++) {
        size_t at = reverse_bits((uint32_t)i, log_n);
        struct cn_he_factor f = cn_he_factor(up, q), b = cn_he_factor(down, q);
        t->power.w[at] = f.w;
        t->power.shoup[at] = f.shoup;
        t->inverse.w[at] = b.w;
        t->inverse.shoup[at] = b.shoup;
        up = cn_he_mul(up, t->psi, m);
        down = cn_he_mul(down, psi_inv, m);
    }
    t->two52 = cn_he_factor((UINT64_C(1) << 52) % q, q);
    t->ifma = cn_he_ifma_serves(t);
    uint64_t n_inv = power(n, q - 2, m);
    t->n_inv = cn_he_factor(n_inv, q);
    t->n_inv_last = cn_he_factor(cn_he_mul(n_inv, t->inverse.w[1], m), q);
}

/* One level: `groups` groups of 2 * half values, group i with factor f[groups + i]. Values stay below 4q. */
static inline void forward_level(uint64_t *x, const struct cn_he_factors *f, size_t groups, size_t half, uint64_t q)
{
    for (size_t i = 0; i < groups; i++) {
        struct cn_he_factor w = {f->w[groups + i], f->shoup[groups + i]};
        uint64_t *a = x + 2 * half * i, *b = a + half;
        for (size_t j = 0; j < half; j++) {
            uint64_t u = cn_he_reduce_once(a[j], 2 * q), v = cn_he_mul_lazy(b[j], w, q);
            a[j] = u + v;
            b[j] = u + 2 * q - v;
        }
    }
}

void cn_he_ntt_forward(uint64_t *x, const struct cn_he_ntt *t)
{
    uint64_t q = t->mod.q;
    size_t n = t->n;
    if (t->ifma) {
        cn_he_ntt_forward_ifma(x, t);
        return;
    }
    for (size_t groups = 1; groups < n / 4; groups *= 2)
        forward_level(x, &t->power, groups, n / groups / 2, q);
    forward_level(x, &t->power, n / 4, 2, q); /* constant halves: the compiler unrolls them */
    forward_level(x, &t->power, n / 2, 1, q);
    for (size_t i = 0; i < n; i++)
        x[i] = cn_he_reduce_once(cn_he_reduce_once(x[i], 2 * q), q);
}

/* Values stay below 2q. */
static inline void inverse_level(uint64_t *x, const struct cn_he_factors *f, size_t groups, size_t half, uint64_t q)
{
    for (size_t i = 0; i < groups; i++) {
        struct cn_he_factor w = {f->w[groups + i], f->shoup[groups + i]};
        uint64_t *a = x + 2 * half * i, *b = a + half;
        for (size_t j = 0; j < half; j++) {
            uint64_t u = a[j], v = b[j];
            a[j] = cn_he_reduce_once(u + v, 2 * q);
            b[j] = cn_he_mul_lazy(u + 2 * q - v, w, q);
        }
    }
}

void cn_he_ntt_inverse(uint64_t *x, const struct cn_he_ntt *t)
{
    uint64_t q = t->mod.q;
    size_t n = t->n;
    if (t->ifma) {
        cn_he_ntt_inverse_ifma(x, t);
        return;
    }
    inverse_level(x, &t->inverse, n / 2, 1, q);
    inverse_level(x, &t->inverse, n / 4, 2, q);
    for (size_t groups = n / 8; groups > 1; groups /= 2)
        inverse_level(x, &t->inverse, groups, n / groups / 2, q);
    for (size_t j = 0; j < n / 2; j++) {
        uint64_t u = x[j], v = x[j + n / 2];
        x[j] = cn_he_mul_const(u + v, t->n_inv, q);
        x[j + n / 2] = cn_he_mul_const(u + 2 * q - v, t->n_inv_last, q);
    }
}
