/* The activation circuit in the clear against plain arithmetic: all inputs of small rings, edges and random values of
 * large ones. */
#include "runtime/gc/circuit.h"
#include "runtime/prg/prg.h"

#include <check.h>
#include <stdlib.h>

static uint64_t mask_of(unsigned bits)
{
    return UINT64_MAX >> (64 - bits);
}

START_TEST(ideal_by_hand)
{
    static const struct {
        unsigned bits, shift;
        bool relu;
        uint64_t z, r, want;
    } hand[] = {
        {8, 0, true, 5, 3, 2},
        {8, 0, true, 5, 6, 0xff},
        {8, 0, true, 0x80, 0, 0},
        {8, 0, false, 0x80, 0, 0x80},
        {8, 1, false, 0x80, 0, 0xc0},
        {8, 7, false, 0xff, 1, 0xfe},
        {8, 2, true, 0x7f, 0, 0x1f},
        {8, 1, false, 0xfe, 0xff, 0},
        {8, 1, false, 0xfd, 0, 0xfe},
        {64, 63, false, UINT64_MAX, 0, UINT64_MAX},
        {64, 1, true, INT64_MAX, 1, INT64_MAX / 2 - 1},
        {2, 1, true, 1, 1, 3},
    };
    for (size_t i = 0; i < sizeof hand / sizeof hand[0]; i++) {
        struct cn_gc_spec s = {1, hand[i].bits, hand[i].shift, hand[i].relu};
        ck_assert_uint_eq(cn_gc_ideal(&s, hand[i].z, hand[i].r), hand[i].want);
    }
}
END_TEST

/* 64 instances at a time. */
static void check_64(const struct cn_gc_spec *s, const struct cn_gc_circuit *c, const uint64_t z_c[64], const uint64_t r[64],
                     const uint64_t z_s[64])
{
    uint64_t in[3][64] = {{0}}, out[64] = {0};
    for (unsigned k = 0; k < 64; k++) {
        for (unsigned i = 0; i < s->bits; i++) {
            in[0][i] |= (z_c[k] >> i & 1) << k;
            in[1][i] |= (r[k] >> i & 1) << k;
            in[2][i] |= (z_s[k] >> i & 1) << k;
        }
    }
    cn_gc_circuit_run(out, c, in[0], in[1], in[2]);
    for (unsigned k = 0; k < 64; k++) {
        uint64_t got = 0;
        for (unsigned i = 0; i < s->bits; i++)
            got |= (out[i] >> k & 1) << i;
        if (got != cn_gc_ideal(s, z_c[k] + z_s[k], r[k])) /* one assertion for each instance would dominate the time */
            ck_abort_msg("l %u shift %u relu %d: z_c %#lx z_s %#lx r %#lx gives %#lx", s->bits, s->shift, s->relu,
                         (unsigned long)z_c[k], (unsigned long)z_s[k], (unsigned long)r[k], (unsigned long)got);
    }
}

START_TEST(all_inputs)
{
    unsigned bits = (unsigned)_i;
    for (unsigned shift = 0; shift < bits; shift++) {
        for (int relu = 0; relu < 2; relu++) {
            struct cn_gc_spec s = {1, bits, shift, relu};
            struct cn_gc_circuit c;
            cn_gc_circuit_make(&c, &s);
            for (uint64_t all = 0; all < UINT64_C(1) << 3 * bits; all += 64) {
                uint64_t z_c[64], r[64], z_s[64];
                for (uint64_t k = 0; k < 64; k++) {
                    z_c[k] = (all + k) & mask_of(bits);
                    r[k] = (all + k) >> bits & mask_of(bits);
                    z_s[k] = (all + k) >> 2 * bits & mask_of(bits);
                }
                check_64(&s, &c, z_c, r, z_s);
            }
        }
    }
}
END_TEST

START_TEST(large_rings)
{
    unsigned bits = (unsigned)_i;
    unsigned char seed[32] = {(unsigned char)bits};
    struct cn_prg g;
    cn_prg_init(&g, seed);
    uint64_t half = UINT64_C(1) << (bits - 1);
    const uint64_t edge[8] = {0, 1, mask_of(bits), half - 1, half, half + 1, 2, half / 2};
    for (unsigned shift = 0; shift < bits; shift++) {
        for (int relu = 0; relu < 2; relu++) {
            struct cn_gc_spec s = {1, bits, shift, relu};
            struct cn_gc_circuit c;
            cn_gc_circuit_make(&c, &s);
            for (int round = 0; round < 4; round++) {
                uint64_t z_c[64], r[64], z_s[64];
                for (unsigned k = 0; k < 64; k++) { /* edges of z and r, then random ones; z shared at random */
                    uint64_t z = round == 0 ? edge[k % 8] : cn_prg_u64(&g);
                    r[k] = (round == 0 ? edge[k / 8] : cn_prg_u64(&g)) & mask_of(bits);
                    z_s[k] = cn_prg_u64(&g) & mask_of(bits);
                    z_c[k] = (z - z_s[k]) & mask_of(bits);
                }
                check_64(&s, &c, z_c, r, z_s);
            }
        }
    }
}
END_TEST

START_TEST(counts)
{
    for (unsigned bits = 2; bits <= 64; bits++) {
        for (unsigned shift = 0; shift < bits; shift++) {
            struct cn_gc_circuit c;
            cn_gc_circuit_make(&c, &(struct cn_gc_spec){1, bits, shift, false});
            ck_assert_uint_eq(c.ands, 2 * bits - 4);
            ck_assert_uint_eq(c.halves, 2);
            if (shift == bits - 1)
                continue;
            cn_gc_circuit_make(&c, &(struct cn_gc_spec){1, bits, shift, true});
            ck_assert_uint_eq(c.ands, 3 * bits - 5 - 2 * shift);
            ck_assert_uint_eq(c.halves, shift + 2);
            ck_assert_uint_eq(cn_gc_and_gates(&(struct cn_gc_spec){1, bits, shift, true}), 3 * bits - 3 - shift);
        }
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("gc/circuit");
    TCase *t = tcase_create("circuit");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, ideal_by_hand);
    tcase_add_loop_test(t, all_inputs, 2, 7);
    tcase_add_loop_test(t, large_rings, 2, 65);
    tcase_add_test(t, counts);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
