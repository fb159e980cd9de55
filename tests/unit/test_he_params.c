/* Parameter sets: what the security table allows, exact constants; picking takes the smallest set and refuses with a sentence. */
#include "runtime/he/noise.h"
#include "runtime/he/scale.h"
#include "tests/unit/he_support.h"

/* Miller-Rabin with the first twelve primes as bases decides below 3.3e24 (Sorenson, Webster 2015). */
static int is_prime(uint64_t q)
{
    uint64_t d = q - 1;
    unsigned twos = 0;
    for (; d % 2 == 0; d /= 2)
        twos++;
    for (uint64_t a = 2; a <= 37; a++) {
        unsigned __int128 x = 1, b = a;
        for (uint64_t e = d; e; e >>= 1, b = b * b % q)
            if (e & 1)
                x = x * b % q;
        int good = x == 1 || x == q - 1;
        for (unsigned i = 1; i < twos && !good; i++) {
            x = x * x % q;
            good = x == q - 1;
        }
        if (!good)
            return 0;
    }
    return 1;
}

START_TEST(sets)
{
    for (unsigned id = 1; id <= 4; id++) {
        const struct cn_he_params *p = cn_he_params_by_id(id);
        ck_assert_ptr_nonnull(p);
        ck_assert_uint_eq(cn_he_params_id(p), id);
        ck_assert_uint_eq(cn_he_degree(p), id <= 2 ? 4096 : 8192);
        double log_q = 0;
        for (unsigned i = 0; i < p->primes; i++) {
            uint64_t q = p->ntt[i]->mod.q;
            ck_assert(is_prime(q) && q % (2 * p->n) == 1 && q < UINT64_C(1) << 60);
            for (unsigned j = 0; j < i; j++)
                ck_assert_uint_ne(q, p->ntt[j]->mod.q);
            log_q += log2((double)q);
        }
        ck_assert(log_q <= (p->n == 4096 ? 109 : 218));
        ck_assert(fabs(log2((double)p->q_top) + p->q_shift - log_q) < 1e-9);
    }
    ck_assert_ptr_null(cn_he_params_by_id(0));
    ck_assert_ptr_null(cn_he_params_by_id(5));
}
END_TEST

/* round(q m / t) against 128-bit integers, and back through the fraction, for all sets and rings. */
START_TEST(encoding)
{
    struct cn_prg g;
    test_prg(&g, 1);
    for (unsigned id = 1; id <= 4; id++)
        for (unsigned bits = 1; bits <= 60; bits++) {
            const struct cn_he_params *p = cn_he_params_by_id(id);
            struct cn_he_ring ring;
            cn_he_ring_init(&ring, p, bits);
            for (int r = 0; r < 50; r++) {
                uint64_t edge[] = {0, 1, ring.mask, ring.mask / 2, ring.mask / 2 + 1}, x[CN_HE_MAX_PRIMES];
                uint64_t m = r < 5 ? edge[r] & ring.mask : cn_prg_u64(&g) & ring.mask;
                for (unsigned i = 0; i < p->primes; i++)
                    x[i] = cn_he_encode(m, &ring, p, i);
                ck_assert(cn_he_round(cn_he_fraction(x, p), bits) == m);
                if (id <= 2 && bits <= 16) {
                    unsigned __int128 q = 1;
                    for (unsigned i = 0; i < p->primes; i++)
                        q *= p->ntt[i]->mod.q;
                    unsigned __int128 want = (q * m + ((unsigned __int128)1 << bits) / 2) >> bits;
                    for (unsigned i = 0; i < p->primes; i++)
                        ck_assert_uint_eq(x[i], (uint64_t)(want % p->ntt[i]->mod.q));
                }
            }
        }
}
END_TEST

/* x / q to 128 bits by long division, for the sets of degree 4096: the fraction is low by a few units at most. */
START_TEST(fraction)
{
    struct cn_prg g;
    test_prg(&g, 2);
    for (unsigned id = 1; id <= 2; id++) {
        const struct cn_he_params *p = cn_he_params_by_id(id);
        unsigned __int128 q = 1;
        for (unsigned i = 0; i < p->primes; i++)
            q *= p->ntt[i]->mod.q;
        for (int r = 0; r < 200; r++) {
            unsigned __int128 x = ((unsigned __int128)cn_prg_u64(&g) << 64 | cn_prg_u64(&g)) % q, rest, want = 0;
            x = r == 0 ? 0 : r == 1 ? 1 : r == 2 ? q - 1 : x;
            uint64_t residues[CN_HE_MAX_PRIMES];
            for (unsigned i = 0; i < p->primes; i++)
                residues[i] = (uint64_t)(x % p->ntt[i]->mod.q);
            rest = x;
            for (int b = 0; b < 128; b++) {
                rest *= 2;
                want = want << 1 | (rest >= q);
                rest -= rest >= q ? q : 0;
            }
            ck_assert(want - cn_he_fraction(residues, p) + 1 <= 2 * p->primes + 1);
        }
    }
}
END_TEST

START_TEST(picking)
{
    const char *why;
    struct cn_he_need need = {.ring_bits = 20, .weight_bits = 8, .max_taps = 100, .reply_values = 10000};
    ck_assert_uint_eq(cn_he_params_id(cn_he_params_pick(&need, &why)), 1);
    ck_assert_ptr_null(why);
    need.ring_bits = 29;
    ck_assert_uint_eq(cn_he_params_id(cn_he_params_pick(&need, &why)), 2);
    need.ring_bits = 41;
    ck_assert_uint_eq(cn_he_params_id(cn_he_params_pick(&need, &why)), 3);
    need.ring_bits = 20;
    need.max_plane = 4097;
    ck_assert_uint_eq(cn_he_params_id(cn_he_params_pick(&need, &why)), 3);
    need = (struct cn_he_need){.ring_bits = 60, .weight_bits = 31, .max_taps = 1 << 30, .reply_values = UINT64_C(1) << 36};
    const struct cn_he_params *p = cn_he_params_pick(&need, &why);
    ck_assert(p ? cn_he_params_id(p) == 4 : why != NULL);

    static const struct cn_he_need bad[] = {
        {.ring_bits = 61, .weight_bits = 8, .max_taps = 1, .reply_values = 1},
        {.ring_bits = 0, .weight_bits = 8, .max_taps = 1, .reply_values = 1},
        {.ring_bits = 30, .weight_bits = 32, .max_taps = 1, .reply_values = 1},
        {.ring_bits = 30, .weight_bits = 0, .max_taps = 1, .reply_values = 1},
        {.ring_bits = 30, .weight_bits = 8, .max_taps = 0, .reply_values = 1},
        {.ring_bits = 30, .weight_bits = 8, .max_taps = UINT64_MAX, .reply_values = 1},
        {.ring_bits = 30, .weight_bits = 8, .max_taps = 1, .reply_values = 0},
        {.ring_bits = 30, .weight_bits = 8, .max_taps = 1, .reply_values = UINT64_MAX},
        {.ring_bits = 30, .weight_bits = 8, .max_taps = 1, .reply_values = 1, .max_plane = 8193},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_ptr_null(cn_he_params_pick(&bad[i], &why));
        ck_assert_ptr_nonnull(why);
    }
}
END_TEST

/* The room for flooding is where the formula of noise.h says, for each set: one bit more of ring costs one bit of flooding, and
 * 32 t (2^f + B) < 9 q holds at f and not at f + 1. */
START_TEST(margins)
{
    for (unsigned id = 1; id <= 4; id++) {
        const struct cn_he_params *p = cn_he_params_by_id(id);
        double log_q = log2((double)p->q_top) + p->q_shift;
        for (unsigned bits = 1; bits <= 60; bits++) {
            int f = cn_he_flood_possible(p, bits, 1000);
            double room = log_q + log2(9.0 / 32) - bits;
            if (f >= 0 && f < 125)
                ck_assert(f <= room && f + 1 > room - 1e-9);
            if (room > 125)
                ck_assert_int_eq(f, 125);
        }
        ck_assert_int_eq(cn_he_flood_possible(p, 60, UINT64_MAX) >= 0, id >= 3);
    }
    for (unsigned b = 0; b < 100; b++) {
        ck_assert_uint_eq(cn_he_ceil_log2((unsigned __int128)1 << b), b);
        ck_assert_uint_eq(cn_he_ceil_log2(((unsigned __int128)1 << b) + 1), b + 1);
    }
}
END_TEST

/* The derivation by hand for one case: T = 864, P = 4, W = 2^8, V = 2^16, N = 4096. */
START_TEST(bound)
{
    struct cn_he_need need = {.ring_bits = 30, .weight_bits = 9, .max_taps = 864, .reply_values = 1 << 16};
    double tail = 2 * log(2) * 10.5 * (65 + log2(3.0 * 65536));
    double want = 256 * sqrt(tail * 864 * 4) + 864 * 128 + 1 + 2 * sqrt(tail * 4096);
    double got = (double)cn_he_noise_bound(&need, 864, 4, 4096);
    ck_assert(got >= want && got < 1.05 * want);
    ck_assert_uint_eq(cn_he_flood_needed(&need, (uint64_t)got), (unsigned)ceil(56 + log2(got)));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("he_params");
    TCase *c = tcase_create("params");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, sets);
    tcase_add_test(c, encoding);
    tcase_add_test(c, fraction);
    tcase_add_test(c, picking);
    tcase_add_test(c, margins);
    tcase_add_test(c, bound);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
