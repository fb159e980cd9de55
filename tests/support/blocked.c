#include "tests/support/blocked.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/engine/dnnl.h"

enum { GUARD = 128, PATTERN = 0xff };

struct guarded guarded_new(size_t bytes)
{
    struct guarded g = {.bytes = bytes};
    size_t room = (bytes + 2 * GUARD + 63) / 64 * 64;
    g.raw = aligned_alloc(64, room);
    ck_assert_ptr_nonnull(g.raw);
    memset(g.raw, PATTERN, room);
    g.p = g.raw + GUARD;
    return g;
}

void guarded_fill(struct guarded *g)
{
    memset(g->p, PATTERN, g->bytes);
}

static void untouched(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != PATTERN) /* an assertion that holds costs a system call */
            ck_abort_msg("%s wrote outside of a buffer", cn_engine_simd()->name);
}

void guarded_check(const struct guarded *g, size_t used)
{
    untouched(g->raw, GUARD);
    untouched(g->raw + GUARD + used, g->bytes - used + GUARD);
}

void guarded_free(struct guarded *g)
{
    if (!g->raw)
        return;
    guarded_check(g, g->bytes);
    free(g->raw);
    g->raw = NULL;
}

const struct cn_engine_simd *variant(int i)
{
    const struct cn_engine_simd *all[VARIANTS] = {cn_engine_simd_portable(), cn_engine_simd_avx2(), cn_engine_simd_avx512(),
                                                  cn_engine_simd_avx512_bf16()};
    return all[i];
}

void blocks_of_8(void)
{
    setenv("DNNL_MAX_CPU_ISA", "AVX2", 1);
    cn_engine_simd_use(cn_engine_simd_avx2());
    if (cn_engine_dnnl(NULL))
        ck_assert_ptr_nonnull(strstr(cn_engine_dnnl_version(cn_engine_dnnl(NULL)), " avx2"));
}

double rounded(enum cn_engine_type type, double x)
{
    if (type == CN_ENGINE_F32)
        return (double)(float)x;
    int exponent;
    double m = frexp(x, &exponent);
    return ldexp(nearbyint(ldexp(m, 8)), exponent - 8); /* a significand of 8 bits */
}

static size_t padded(size_t c)
{
    size_t block = cn_engine_simd()->block;
    return (c + block - 1) / block * block;
}

static size_t index_of(size_t channels, size_t hw, size_t n, size_t c, size_t at)
{
    size_t block = cn_engine_simd()->block, blocks = padded(channels) / block;
    return ((n * blocks + c / block) * hw + at) * block + c % block;
}

double blocked_get(enum cn_engine_type type, const void *p, size_t channels, size_t hw, size_t n, size_t c, size_t at)
{
    size_t i = index_of(channels, hw, n, c, at);
    if (type == CN_ENGINE_F32)
        return (double)((const float *)p)[i];
    uint32_t bits = (uint32_t)((const uint16_t *)p)[i] << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return (double)f;
}

struct guarded blocked_new(enum cn_engine_type type, const double *d, size_t n, size_t c, size_t hw)
{
    size_t size = type == CN_ENGINE_F32 ? 4 : 2;
    struct guarded g = guarded_new(n * padded(c) * hw * size);
    memset(g.p, 0, g.bytes);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < c; k++)
            for (size_t p = 0; p < hw; p++) {
                float f = (float)d[(i * c + k) * hw + p];
                uint32_t bits;
                memcpy(&bits, &f, sizeof bits);
                if (type == CN_ENGINE_F32)
                    ((float *)g.p)[index_of(c, hw, i, k, p)] = f;
                else
                    ((uint16_t *)g.p)[index_of(c, hw, i, k, p)] = (uint16_t)(bits >> 16);
            }
    return g;
}

void blocked_expect(const char *what, enum cn_engine_type type, const void *p, const double *want, size_t n, size_t c, size_t hw,
                    double ulps, double absolute)
{
    double unit = type == CN_ENGINE_F32 ? 0x1p-23 : 0x1p-7;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < c; k++)
            for (size_t at = 0; at < hw; at++) {
                double w = want[(i * c + k) * hw + at], got = blocked_get(type, p, c, hw, i, k, at);
                if (!(fabs(got - w) <= ulps * unit * fabs(w) + absolute) && !(isnan(got) && isnan(w)))
                    ck_abort_msg("%s, %s, type %d, n %zu c %zu hw %zu: [%zu,%zu,%zu] is %.9g, should be %.9g", what,
                                 cn_engine_simd()->name, (int)type, n, c, hw, i, k, at, got, w);
            }
        for (size_t k = c; k < padded(c); k++)
            for (size_t at = 0; at < hw; at++)
                if (blocked_get(type, p, c, hw, i, k, at) != 0)
                    ck_abort_msg("%s, %s, type %d, n %zu c %zu hw %zu: surplus [%zu,%zu,%zu] is not zero", what,
                                 cn_engine_simd()->name, (int)type, n, c, hw, i, k, at);
    }
}

double *random_numbers(struct test_rng *r, enum cn_engine_type type, size_t n, double scale)
{
    double *d = malloc((n + 1) * sizeof *d);
    ck_assert_ptr_nonnull(d);
    for (size_t i = 0; i < n; i++)
        d[i] = rounded(type, scale * test_rng_normal(r));
    return d;
}

struct guarded padded_new(const double *d, size_t c)
{
    struct guarded g = guarded_new(padded(c) * sizeof(float));
    for (size_t i = 0; i < padded(c); i++)
        ((float *)g.p)[i] = i < c ? (float)d[i] : 0;
    return g;
}
