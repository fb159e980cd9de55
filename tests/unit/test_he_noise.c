/* The bounds of runtime/he/noise.h against noise that is measured with the secret key; that replies are flooded and re-randomised;
 * that the samplers have the distributions that the bounds assume. */
#include "runtime/base/bytes.h"
#include "runtime/he/keys.h"
#include "runtime/he/layout.h"
#include "runtime/he/noise.h"
#include "runtime/he/reply.h"
#include "runtime/he/sample.h"
#include "runtime/he/scale.h"
#include "tests/unit/he_support.h"

enum { RING_BITS = 28, WEIGHT_BITS = 9 };

static unsigned __int128 modulus(const struct cn_he_params *p)
{
    unsigned __int128 q = 1;
    for (unsigned i = 0; i < p->primes; i++)
        q *= p->ntt[i]->mod.q;
    return q;
}

/* c0 + c1 s at coefficient k of a reply before flooding, modulo q < 2^109. x: c1 s, coefficients. */
static unsigned __int128 phase(const struct cn_he_params *p, const uint64_t *c0, const uint64_t *x, size_t k)
{
    unsigned __int128 q = modulus(p), sum = 0;
    for (unsigned i = 0; i < p->primes; i++) {
        uint64_t qi = p->ntt[i]->mod.q, r = (c0[i * p->n + k] + x[i * p->n + k]) % qi;
        sum += (uint64_t)((unsigned __int128)r * p->crt[i].w % qi) * (q / qi);
    }
    return sum % q;
}

/* _i: what the weights and masks are. */
START_TEST(measured_noise)
{
    struct cn_prg g;
    struct test_keys k;
    test_prg(&g, (unsigned char)(1 + _i));
    const struct cn_he_params *p = cn_he_params_by_id(2);
    test_keys_init(&k, p, &g);
    struct test_term t = {.shape = {.k = 12, .oh = 7, .ow = 7, .kh = 3, .kw = 3, .stride = 1, .pad_y = 1, .pad_x = 1}};
    ck_assert(test_shape(&t.shape, p, 48, 7, 7, 0));
    test_term_init(&t, &k, RING_BITS, WEIGHT_BITS, (enum test_values)_i, &g);
    size_t values = 12 * 49, n = p->n, words = p->primes * n;
    uint64_t *want = calloc(values, sizeof *want), *c = malloc((2 * words + n) * sizeof *c);
    int64_t *small = malloc(n * sizeof *small);
    test_conv(want, &t.shape, t.w, t.r);
    struct cn_he_need need = {.ring_bits = RING_BITS, .weight_bits = WEIGHT_BITS, .max_taps = 48 * 9, .reply_values = values};
    unsigned flood;
    const struct cn_he_term_shape *shape = &t.shape;
    uint64_t bound = cn_he_reply_bound(p, &shape, 1, &need, &flood), most = 0;
    unsigned __int128 q = modulus(p);

    uint64_t *c0 = c, *c1 = c + words, at = 0;
    for (uint32_t group = 0; group < cn_he_term_groups(&t.shape); group++) {
        const struct cn_he_weights *weights = t.weights;
        const struct cn_he_ciphers *ciphers = t.ciphers;
        cn_he_product(c0, c1, p, &weights, &ciphers, 1, group, 1);
        cn_he_rerandomise(c0, c1, k.public_key, small, c + 2 * words, &g);
        for (unsigned j = 0; j < p->primes; j++) {
            cn_he_ntt_forward(c1 + j * n, p->ntt[j]);
            for (size_t i = 0; i < n; i++)
                c1[j * n + i] = cn_he_mul(c1[j * n + i], k.secret->s[j * n + i], &p->ntt[j]->mod);
            cn_he_ntt_inverse(c1 + j * n, p->ntt[j]);
        }
        for (uint32_t o = 0; o < cn_he_group_outputs(&t.shape, group); o++)
            for (uint32_t i = 0; i < 7; i++)
                for (uint32_t j = 0; j < 7; j++, at++) {
                    uint64_t z = want[at] & test_mask(RING_BITS);
                    /* round(q z / t) in halves of z, so that 128 bits hold it */
                    unsigned __int128 high = (q >> 14) * z >> 14, low = (q & 0x3fff) * z >> 28; /* low by less than 2 */
                    unsigned __int128 noise = phase(p, c0, c1, cn_he_output_at(&t.shape, o, i, j)) + 2 * q - high - low;
                    noise %= q;
                    if (noise > q / 2)
                        noise = q - noise;
                    ck_assert_msg(noise <= (unsigned __int128)bound + 2, "noise beyond its bound at %u %u %u", o, i, j);
                    if (noise > most)
                        most = (uint64_t)noise;
                }
    }
    /* about 10 standard deviations: the bound must not be idle either */
    ck_assert_msg(most > bound / 128, "largest noise %llu, bound %llu", (unsigned long long)most, (unsigned long long)bound);
    ck_assert_int_ge((int)flood, (int)cn_he_flood_needed(&need, bound));
    free(want);
    free(c);
    free(small);
    test_term_clear(&t);
    test_keys_clear(&k);
}
END_TEST

/* c1 of a reply with one output polynomial, unpacked (ring bits below 50: one section). */
static void get_c1(uint64_t *c1, const unsigned char *bytes, const struct cn_he_params *p)
{
    ck_assert_int_eq(cn_unpack_bits(c1, bytes, p->n, cn_he_c1_bits(p, RING_BITS)), 0);
}

START_TEST(fresh_and_flooded)
{
    struct cn_prg g;
    struct test_keys k;
    test_prg(&g, 4);
    const struct cn_he_params *p = cn_he_params_by_id(1); /* two primes */
    size_t n = p->n;
    test_keys_init(&k, p, &g);
    struct test_term t = {.shape = {.k = 1, .oh = 40, .ow = 40, .kh = 1, .kw = 1, .stride = 1}};
    ck_assert(test_shape(&t.shape, p, 1, 40, 40, 0));
    test_term_init(&t, &k, RING_BITS, WEIGHT_BITS, TEST_RANDOM, &g);
    const struct cn_he_term_shape *shape = &t.shape;
    const struct cn_he_weights *weights = t.weights;
    const struct cn_he_ciphers *ciphers = t.ciphers;
    size_t values = 1600, n_bytes = cn_he_reply_bytes(p, shape, RING_BITS);
    struct cn_he_need need = {.ring_bits = RING_BITS, .weight_bits = WEIGHT_BITS, .max_taps = 1, .reply_values = values};
    unsigned char *bytes[2] = {malloc(n_bytes), malloc(n_bytes)};
    uint64_t *share = calloc(values, sizeof *share), *c1[2], *got = malloc(values * sizeof *got);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(cn_he_reply(bytes[i], p, k.public_key, &shape, &weights, &ciphers, 1, share, &need, &g), CNAS_OK);
        c1[i] = malloc(n * sizeof **c1);
        get_c1(c1[i], bytes[i], p);
    }

    /* neither reply's c1 is the other's, nor a w, which the client could divide by a */
    uint64_t *aw = malloc(4 * n * sizeof *aw);
    cn_he_product(aw, aw + 2 * n, p, &weights, &ciphers, 1, 0, 1);
    size_t same = 0, bare = 0;
    for (unsigned j = 0; j < 2; j++)
        cn_he_ntt_inverse(aw + (2 + j) * n, p->ntt[j]);
    for (size_t i = 0; i < n; i++) {
        uint64_t x[] = {aw[2 * n + i], aw[3 * n + i]};
        same += c1[0][i] == c1[1][i];
        bare += c1[0][i] == (uint64_t)cn_he_round(cn_he_fraction(x, p), cn_he_c1_bits(p, RING_BITS));
    }
    ck_assert_uint_lt(same, 4);
    ck_assert_uint_lt(bare, 4);

    /* what decryption rounds away, in units of q / t: flooding's 2^f t / q, uniform, dwarfs the rest, and never reaches 1/2 */
    unsigned flood, k1 = cn_he_c1_bits(p, RING_BITS);
    uint64_t bound = cn_he_reply_bound(p, &shape, 1, &need, &flood);
    (void)bound;
    double range = ldexp(1.0, (int)flood + RING_BITS - 62 - (int)p->q_shift) * 0x1p62 / (double)p->q_top;
    ck_assert(range > 0.14 && range < 0.2813);
    uint64_t *c0 = got;
    ck_assert_int_eq(cn_unpack_bits(c0, bytes[0] + cn_packed_size(n, k1), values, cn_he_c0_bits(RING_BITS)), 0);
    for (size_t i = 0; i < n; i++)
        aw[i] = c1[0][i] & ((UINT64_C(1) << 36) - 1), aw[n + i] = c1[0][i] >> 36;
    for (unsigned limb = 0; limb < 2; limb++) {
        cn_he_ntt_forward(aw + limb * n, p->ntt[0]);
        for (size_t i = 0; i < n; i++)
            aw[limb * n + i] = cn_he_mul(aw[limb * n + i], k.secret->s[i], &p->ntt[0]->mod);
        cn_he_ntt_inverse(aw + limb * n, p->ntt[0]);
    }
    double square = 0, most = 0;
    uint64_t q0 = p->ntt[0]->mod.q;
    for (size_t i = 0; i < values; i++) {
        uint64_t want = (uint64_t)(int64_t)t.w[0] * t.r[i], parts[2] = {aw[i], aw[n + i]};
        for (int limb = 0; limb < 2; limb++)
            parts[limb] -= parts[limb] > q0 / 2 ? q0 : 0;
        uint64_t v = (c0[i] << (k1 - cn_he_c0_bits(RING_BITS))) + parts[0] + (parts[1] << 36) - (want << (k1 - RING_BITS));
        double e = ldexp((double)(int64_t)(v << (64 - k1)), RING_BITS - 64);
        square += e * e / (double)values;
        most = fabs(e) > most ? fabs(e) : most;
    }
    ck_assert(most < 0.5);
    ck_assert_msg(fabs(square / (range * range / 3) - 1) < 0.15, "variance %g, flooding's %g", square, range * range / 3);
    for (int i = 0; i < 2; i++) {
        free(bytes[i]);
        free(c1[i]);
    }
    free(share);
    free(got);
    free(aw);
    test_term_clear(&t);
    test_keys_clear(&k);
}
END_TEST

START_TEST(samplers)
{
    enum { N = 1 << 16 };
    struct cn_prg g;
    test_prg(&g, 5);
    int64_t *x = malloc(N * sizeof *x);
    cn_he_sample_error(x, N, &g);
    double mean = 0, square = 0;
    for (size_t i = 0; i < N; i++) {
        ck_assert(x[i] >= -21 && x[i] <= 21);
        mean += (double)x[i] / N;
        square += (double)(x[i] * x[i]) / N;
    }
    ck_assert(fabs(mean) < 5 * 3.24 / 256); /* 5 standard deviations of the mean */
    ck_assert(fabs(square / 10.5 - 1) < 0.03);
    size_t count[3] = {0};
    cn_he_sample_ternary(x, N, &g);
    for (size_t i = 0; i < N; i++) {
        ck_assert(x[i] >= -1 && x[i] <= 1);
        count[x[i] + 1]++;
    }
    for (int i = 0; i < 3; i++)
        ck_assert(fabs((double)count[i] - N / 3.0) < 5 * 121);
    const struct cn_he_mod *m = &cn_he_params_by_id(2)->ntt[0]->mod;
    size_t low = 0;
    cn_he_sample_uniform((uint64_t *)x, N, m, &g);
    for (size_t i = 0; i < N; i++) {
        ck_assert((uint64_t)x[i] < m->q);
        low += (uint64_t)x[i] < m->q / 3;
    }
    ck_assert(fabs((double)low - N / 3.0) < 5 * 121);
    unsigned __int128 *wide = malloc(1000 * sizeof *wide), all = 0;
    for (unsigned bits = 1; bits <= 126; bits += 25) {
        cn_he_sample_wide(wide, 1000, bits, &g);
        for (size_t i = 0; i < 1000; i++) {
            ck_assert(wide[i] >> bits == 0);
            all |= wide[i];
        }
        ck_assert(all == ((unsigned __int128)1 << bits) - 1);
    }
    free(x);
    free(wide);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("he_noise");
    TCase *c = tcase_create("noise");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, measured_noise, TEST_RANDOM, TEST_SMALLEST + 1);
    tcase_add_test(c, fresh_and_flooded);
    tcase_add_test(c, samplers);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
