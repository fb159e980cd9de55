/* Blocked values for tests: plain doubles on one side, guarded buffers in the engine's layout on the other, indexed here without
 * the engine's help. */
#ifndef TESTS_SUPPORT_BLOCKED_H
#define TESTS_SUPPORT_BLOCKED_H

#include "runtime/engine/block_simd.h"
#include "tests/support/grad.h"

/* Memory between two guards. */
struct guarded {
    unsigned char *raw;
    void *p; /* aligned to 64 bytes */
    size_t bytes;
};
struct guarded guarded_new(size_t bytes); /* filled with a pattern that is a NaN as float and as bfloat16 */
void guarded_fill(struct guarded *g);     /* with that pattern again */
void guarded_check(const struct guarded *g, size_t used); /* fails the test if a guard or a byte from `used` on is not as it was */
void guarded_free(struct guarded *g);     /* checks the guards */

/* The vector unit of variant i, NULL: there are fewer or this CPU lacks it. */
enum { VARIANTS = 4 };
const struct cn_engine_simd *variant(int i);

/* A fixture for blocks of 8 channels, as on a CPU without AVX-512, in our kernels and in oneDNN, which each test loads anew. */
void blocks_of_8(void);

/* A number as the type keeps it: the nearest float or bfloat16, ties to even, by arithmetic on doubles. */
double rounded(enum cn_engine_type type, double x);

/* d (N,C,HW) in the engine's layout, surplus channels zero; d is expected to hold numbers that the type can keep. */
struct guarded blocked_new(enum cn_engine_type type, const double *d, size_t n, size_t c, size_t hw);
/* Element of a blocked buffer; c may be a surplus channel. */
double blocked_get(enum cn_engine_type type, const void *p, size_t channels, size_t hw, size_t n, size_t c, size_t at);
/* Fails unless each number is within `ulps` units in the last place of the type plus `absolute` of what it should be, and the
 * surplus is zero. */
void blocked_expect(const char *what, enum cn_engine_type type, const void *p, const double *want, size_t n, size_t c, size_t hw,
                    double ulps, double absolute);

/* n normal numbers times `scale`, as the type keeps them. */
double *random_numbers(struct test_rng *r, enum cn_engine_type type, size_t n, double scale);
/* A padded vector of the engine from c doubles, surplus zero. */
struct guarded padded_new(const double *d, size_t c);

#endif
