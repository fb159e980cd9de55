/* What the parties compute together: the opened reply plus the share is the convolution of the masks modulo 2^l, for random
 * shapes, rings and weights, several terms in a reply, and extreme values. */
#include "runtime/he/layout.h"
#include "tests/unit/he_support.h"

/* Replies to n terms, opens, compares with the integer convolutions. */
static void check_reply(const struct test_keys *k, struct test_term *terms, size_t n, unsigned ring_bits, unsigned weight_bits,
                        struct cn_prg *g)
{
    const struct cn_he_term_shape *shapes[4];
    const struct cn_he_weights *weights[4];
    const struct cn_he_ciphers *ciphers[4];
    const struct cn_he_term_shape *t = &terms[0].shape;
    size_t values = (size_t)t->k * t->oh * t->ow;
    uint64_t *want = calloc(values, sizeof *want), *share = malloc(values * sizeof *share), *got = malloc(values * sizeof *got);
    struct cn_he_need need = {.ring_bits = ring_bits, .weight_bits = weight_bits, .reply_values = values};
    for (size_t i = 0; i < n; i++) {
        shapes[i] = &terms[i].shape;
        weights[i] = terms[i].weights;
        ciphers[i] = terms[i].ciphers;
        need.max_taps += (uint64_t)terms[i].shape.map.c * terms[i].shape.kh * terms[i].shape.kw;
        test_conv(want, &terms[i].shape, terms[i].w, terms[i].r);
    }
    for (size_t i = 0; i < values; i++)
        share[i] = cn_prg_u64(g) & test_mask(ring_bits);
    size_t n_bytes = cn_he_reply_bytes(k->p, t, ring_bits);
    unsigned char *bytes = malloc(n_bytes);
    ck_assert_int_eq(cn_he_reply(bytes, k->p, k->public_key, shapes, weights, ciphers, n, share, &need, g), CNAS_OK);
    ck_assert_int_eq(cn_he_reply_open(got, k->secret, t, bytes, n_bytes, ring_bits), CNAS_OK);
    for (size_t i = 0; i < values; i++)
        ck_assert_msg(((got[i] + share[i] - want[i]) & test_mask(ring_bits)) == 0,
                      "value %zu: c %u h %u w %u k %u oh %u ow %u kernel %ux%u stride %u pad %d,%d l %u", i, t->map.c, t->map.h,
                      t->map.w, t->k, t->oh, t->ow, t->kh, t->kw, t->stride, t->pad_y, t->pad_x, ring_bits);
    free(bytes);
    free(want);
    free(share);
    free(got);
}

/* Outputs have their own coefficients, inside the polynomial. */
static void check_outputs(const struct cn_he_term_shape *t)
{
    unsigned char *seen = calloc(t->map.degree, 1);
    for (uint32_t g = 0; g < cn_he_term_groups(t); g++) {
        memset(seen, 0, t->map.degree);
        for (uint32_t kk = 0; kk < cn_he_group_outputs(t, g); kk++)
            for (uint32_t i = 0; i < t->oh; i++)
                for (uint32_t j = 0; j < t->ow; j++) {
                    size_t at = cn_he_output_at(t, kk, i, j);
                    ck_assert_uint_lt(at, t->map.degree);
                    ck_assert(!seen[at]);
                    seen[at] = 1;
                }
    }
    free(seen);
}

static void one(const struct test_keys *k, struct cn_he_term_shape shape, uint32_t c, uint32_t h, uint32_t w, uint32_t more,
                unsigned ring_bits, unsigned weight_bits, enum test_values values, struct cn_prg *g)
{
    struct test_term term = {.shape = shape};
    ck_assert(test_shape(&term.shape, k->p, c, h, w, more));
    check_outputs(&term.shape);
    test_term_init(&term, k, ring_bits, weight_bits, values, g);
    check_reply(k, &term, 1, ring_bits, weight_bits, g);
    test_term_clear(&term);
}

START_TEST(named_shapes)
{
    struct cn_prg g;
    struct test_keys k;
    test_prg(&g, 1);
    test_keys_init(&k, cn_he_params_by_id(2), &g);
    struct {
        uint32_t c, h, w;
        struct cn_he_term_shape t;
    } cases[] = {
        {1, 28, 28, {.k = 6, .oh = 28, .ow = 28, .kh = 3, .kw = 3, .stride = 1, .pad_y = 1, .pad_x = 1}},
        {6, 28, 28, {.k = 5, .oh = 14, .ow = 14, .kh = 3, .kw = 3, .stride = 2, .pad_y = 1, .pad_x = 1}},
        {24, 7, 7, {.k = 24, .oh = 7, .ow = 7, .kh = 3, .kw = 3, .stride = 1, .pad_y = 1, .pad_x = 1}},
        {30, 7, 7, {.k = 10, .oh = 1, .ow = 1, .kh = 7, .kw = 7, .stride = 1}},                          /* dense */
        {700, 1, 1, {.k = 10, .oh = 1, .ow = 1, .kh = 1, .kw = 1, .stride = 1}},                         /* dense on a vector */
        {9, 14, 14, {.k = 7, .oh = 7, .ow = 7, .kh = 1, .kw = 1, .stride = 2, .pad_y = -1, .pad_x = -1}}, /* subsampling from 1,1 */
        {3, 9, 13, {.k = 4, .oh = 3, .ow = 2, .kh = 2, .kw = 5, .stride = 3, .pad_y = -2, .pad_x = 1}},
        {2, 8, 8, {.k = 3, .oh = 10, .ow = 10, .kh = 1, .kw = 1, .stride = 1, .pad_y = 1, .pad_x = 1}},  /* windows of padding */
        {2, 3, 3, {.k = 3, .oh = 1, .ow = 1, .kh = 3, .kw = 7, .stride = 1, .pad_x = 2}},                /* taps that read nothing */
        {1, 64, 64, {.k = 2, .oh = 64, .ow = 64, .kh = 1, .kw = 1, .stride = 1}},                        /* one plane is the degree */
        {1, 1, 4096, {.k = 2, .oh = 1, .ow = 1, .kh = 1, .kw = 4096, .stride = 1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        one(&k, cases[i].t, cases[i].c, cases[i].h, cases[i].w, 0, 30, 8, TEST_RANDOM, &g);
    test_keys_clear(&k);
}
END_TEST

/* _i: parameter set less one. */
START_TEST(random_shapes)
{
    struct cn_prg g;
    struct test_keys k;
    test_prg(&g, (unsigned char)(2 + _i));
    test_keys_init(&k, cn_he_params_by_id((unsigned)_i + 1), &g);
    static const unsigned most_bits[] = {22, 30, 60, 60};
    for (int done = 0; done < 12;) {
        struct cn_he_term_shape t = {.k = 1 + test_below(&g, 12), .stride = 1 + test_below(&g, 3)};
        uint32_t c = 1 + test_below(&g, 20), h = 1 + test_below(&g, 16), w = 1 + test_below(&g, 16);
        t.kh = 1 + test_below(&g, 5);
        t.kw = 1 + test_below(&g, 5);
        t.pad_y = (int32_t)test_below(&g, 6) - 3;
        t.pad_x = (int32_t)test_below(&g, 6) - 3;
        t.oh = 1 + test_below(&g, h + 3);
        t.ow = 1 + test_below(&g, w);
        unsigned ring_bits = 16 + test_below(&g, most_bits[_i] - 15), weight_bits = 2 + test_below(&g, 8);
        uint32_t more = test_below(&g, 2);
        if (!test_shape(&t, k.p, c, h, w, more))
            continue;
        one(&k, t, c, h, w, more, ring_bits, weight_bits, TEST_RANDOM, &g);
        done++;
    }
    test_keys_clear(&k);
}
END_TEST

/* Largest weights of one sign against masks -1 and t/2 (the largest rounding error), largest rings that the sets take. */
START_TEST(extreme_values)
{
    struct cn_prg g;
    struct test_keys k;
    test_prg(&g, 10);
    for (unsigned ring_bits = 16; ring_bits <= 60; ring_bits += 4)
        for (enum test_values v = TEST_RANDOM; v <= TEST_SMALLEST; v++) {
            const char *why;
            struct cn_he_need need = {.ring_bits = ring_bits, .weight_bits = 12, .max_taps = 64 * 9, .reply_values = 100000};
            const struct cn_he_params *p = cn_he_params_pick(&need, &why);
            ck_assert_ptr_nonnull(p);
            test_keys_init(&k, p, &g);
            struct cn_he_term_shape t = {.k = 3, .oh = 8, .ow = 8, .kh = 3, .kw = 3, .stride = 1, .pad_y = 1, .pad_x = 1};
            one(&k, t, 64, 8, 8, 0, ring_bits, 12, v, &g);
            test_keys_clear(&k);
        }
}
END_TEST

START_TEST(several_terms)
{
    struct cn_prg g;
    struct test_keys k;
    test_prg(&g, 11);
    test_keys_init(&k, cn_he_params_by_id(2), &g);
    static const struct cn_he_term_shape shapes[3] = {
        {.k = 9, .oh = 14, .ow = 14, .kh = 3, .kw = 3, .stride = 1, .pad_y = 1, .pad_x = 1},
        {.k = 9, .oh = 14, .ow = 14, .kh = 1, .kw = 1, .stride = 1},
        {.k = 9, .oh = 14, .ow = 14, .kh = 2, .kw = 2, .stride = 1, .pad_y = 0, .pad_x = 1},
    };
    static const uint32_t c[3] = {20, 11, 17};
    struct test_term terms[3];
    for (int i = 0; i < 3; i++) {
        terms[i].shape = shapes[i];
        ck_assert_int_eq(cn_he_map_init(&terms[i].shape.map, k.p, c[i], 14, 14, 1), CNAS_OK);
        ck_assert(cn_he_same_reply(&terms[0].shape, &terms[i].shape));
        test_term_init(&terms[i], &k, 29, 8, TEST_RANDOM, &g);
    }
    check_reply(&k, terms, 3, 29, 8, &g);

    struct cn_he_term_shape other = terms[0].shape;
    other.k = 8;
    ck_assert(!cn_he_same_reply(&terms[0].shape, &other));
    other = terms[0].shape;
    other.stride = 2;
    ck_assert(!cn_he_same_reply(&terms[0].shape, &other));
    ck_assert_int_eq(cn_he_map_init(&other.map, k.p, 20, 14, 14, 2), CNAS_OK);
    other.stride = 1;
    ck_assert(!cn_he_same_reply(&terms[0].shape, &other));
    for (int i = 0; i < 3; i++)
        test_term_clear(&terms[i]);
    test_keys_clear(&k);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("he_conv");
    TCase *c = tcase_create("conv");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, named_shapes);
    tcase_add_loop_test(c, random_shapes, 0, 4);
    tcase_add_test(c, extreme_values);
    tcase_add_test(c, several_terms);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
