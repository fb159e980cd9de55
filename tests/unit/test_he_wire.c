/* Bytes from the peer: canonical or refused. Determinism. Secrets are wiped before their memory is freed. */
#include "runtime/base/bytes.h"
#include "runtime/he/params.h"
#include "tests/unit/he_support.h"

#include <malloc.h>
#include <signal.h>

enum { RING_BITS = 27, WEIGHT_BITS = 6 };

/* The linker sends every free here (see he.mk): while watching, counts freed blocks of some size that still hold anything. */
void __real_free(void *p);
void __wrap_free(void *p);
static size_t watch_from, dirty, freed;
void __wrap_free(void *p)
{
    size_t size = p && watch_from ? malloc_usable_size(p) : 0;
    if (watch_from && size >= watch_from) {
        freed++;
        for (size_t i = 0; i < watch_from; i++)
            if (((unsigned char *)p)[i]) {
                dirty++;
                break;
            }
    }
    __real_free(p);
}

START_TEST(ciphers_refused)
{
    struct cn_prg g;
    struct test_keys k;
    test_prg(&g, 1);
    const struct cn_he_params *p = cn_he_params_by_id(2);
    test_keys_init(&k, p, &g);
    struct cn_he_map m;
    struct cn_he_ciphers *c;
    ck_assert_int_eq(cn_he_map_init(&m, p, 2, 40, 40, 1), CNAS_OK);
    size_t n = cn_he_map_bytes(p, &m), r_size = 2 * 1600;
    ck_assert_uint_gt(m.polys, 0);
    uint64_t *r = calloc(r_size, sizeof *r);
    unsigned char *bytes = malloc(n + 1), *again = malloc(n);
    ck_assert_int_eq(cn_he_encrypt_map(bytes, k.secret, &m, r, RING_BITS, &g), CNAS_OK);
    for (size_t cut = 0; cut < n; cut++)
        ck_assert_int_eq(cn_he_ciphers_read(&c, p, &m, bytes, cut), CNAS_E_PROTOCOL);
    ck_assert_int_eq(cn_he_ciphers_read(&c, p, &m, bytes, n + 1), CNAS_E_PROTOCOL);

    /* each prime's residues: q and all ones are refused, q - 1 is a value */
    size_t at = 32;
    for (unsigned i = 0; i < p->primes; i++) {
        const struct cn_he_mod *mod = &p->ntt[i]->mod;
        size_t section = cn_packed_size(p->n, mod->bits);
        uint64_t *x = malloc(p->n * sizeof *x);
        ck_assert_int_eq(cn_unpack_bits(x, bytes + at, p->n, mod->bits), 0);
        const struct {
            uint64_t value;
            enum cnas_status want;
        } cases[] = {{mod->q, CNAS_E_PROTOCOL}, {(UINT64_C(1) << mod->bits) - 1, CNAS_E_PROTOCOL}, {mod->q - 1, CNAS_OK}};
        for (size_t v = 0; v < 3; v++) {
            uint64_t kept = x[p->n - 1];
            x[p->n - 1] = cases[v].value;
            memcpy(again, bytes, n);
            cn_pack_bits(again + at, x, p->n, mod->bits);
            ck_assert_int_eq(cn_he_ciphers_read(&c, p, &m, again, n), cases[v].want);
            ck_assert((c != NULL) == (cases[v].want == CNAS_OK));
            cn_he_ciphers_free(&c);
            x[p->n - 1] = kept;
        }
        free(x);
        at += section;
    }
    free(r);
    free(bytes);
    free(again);
    test_keys_clear(&k);
}
END_TEST

START_TEST(public_refused)
{
    struct cn_prg g;
    struct test_keys k;
    test_prg(&g, 2);
    for (unsigned id = 1; id <= 4; id++) {
        const struct cn_he_params *p = cn_he_params_by_id(id);
        struct cn_he_public *key;
        size_t n = cn_he_public_bytes(p);
        unsigned char *bytes = malloc(n);
        test_keys_init(&k, p, &g);
        cn_he_public_write(bytes, k.secret);
        memset(bytes + n - 16, 0xff, 16);
        ck_assert_int_eq(cn_he_public_read(&key, p, bytes), CNAS_E_PROTOCOL);
        ck_assert_ptr_null(key);
        free(bytes);
        test_keys_clear(&k);
    }
}
END_TEST

/* A reply of 3 values in c0, so that the last byte has spare bits. */
START_TEST(reply_refused)
{
    struct cn_prg g;
    struct test_keys k;
    test_prg(&g, 3);
    const struct cn_he_params *p = cn_he_params_by_id(2);
    test_keys_init(&k, p, &g);
    struct test_term t = {.shape = {.k = 3, .oh = 1, .ow = 1, .kh = 5, .kw = 5, .stride = 1}};
    ck_assert(test_shape(&t.shape, p, 4, 5, 5, 0));
    test_term_init(&t, &k, RING_BITS, WEIGHT_BITS, TEST_RANDOM, &g);
    const struct cn_he_term_shape *shape = &t.shape;
    const struct cn_he_weights *weights = t.weights;
    const struct cn_he_ciphers *ciphers = t.ciphers;
    struct cn_he_need need = {.ring_bits = RING_BITS, .weight_bits = WEIGHT_BITS, .max_taps = 100, .reply_values = 3};
    uint64_t share[3] = {1, 2, 3}, out[3];
    size_t n = cn_he_reply_bytes(p, shape, RING_BITS);
    unsigned char *bytes = malloc(n + 1), *again = malloc(n);
    struct cn_prg before = g;
    ck_assert_int_eq(cn_he_reply(bytes, p, k.public_key, &shape, &weights, &ciphers, 1, share, &need, &g), CNAS_OK);
    ck_assert_int_eq(cn_he_reply(again, p, k.public_key, &shape, &weights, &ciphers, 1, share, &need, &before), CNAS_OK);
    ck_assert_mem_eq(bytes, again, n); /* same input and seed, same bytes */
    for (size_t cut = 0; cut < n; cut++)
        ck_assert_int_eq(cn_he_reply_open(out, k.secret, shape, bytes, cut, RING_BITS), CNAS_E_PROTOCOL);
    ck_assert_int_eq(cn_he_reply_open(out, k.secret, shape, bytes, n + 1, RING_BITS), CNAS_E_PROTOCOL);
    ck_assert_int_eq(cn_he_reply_open(out, k.secret, shape, bytes, n, RING_BITS), CNAS_OK);
    unsigned spare = 8 - 3 * (RING_BITS + 4) % 8;
    for (unsigned b = 0; b < spare; b++) {
        memcpy(again, bytes, n);
        again[n - 1] ^= (unsigned char)(0x80 >> b);
        ck_assert_int_eq(cn_he_reply_open(out, k.secret, shape, again, n, RING_BITS), CNAS_E_PROTOCOL);
        ck_assert(!out[0] && !out[1] && !out[2]);
    }
    /* any other bytes are some reply: no crash, values of the ring */
    for (int i = 0; i < 20; i++) {
        cn_prg_bytes(&g, again, n);
        again[n - 1] &= (unsigned char)(0xff >> spare);
        ck_assert_int_eq(cn_he_reply_open(out, k.secret, shape, again, n, RING_BITS), CNAS_OK);
        for (int v = 0; v < 3; v++)
            ck_assert_uint_le(out[v], test_mask(RING_BITS));
    }
    free(bytes);
    free(again);
    test_term_clear(&t);
    test_keys_clear(&k);
}
END_TEST

START_TEST(secrets_wiped)
{
    struct cn_prg g;
    test_prg(&g, 4);
    const struct cn_he_params *p = cn_he_params_by_id(1);
    struct cn_he_secret *s;
    struct cn_he_map m;
    struct cn_he_weights *w;
    watch_from = p->n * sizeof(uint64_t); /* every polynomial */
    ck_assert_int_eq(cn_he_keygen(&s, p, &g), CNAS_OK);
    ck_assert_uint_eq(freed, 2);
    ck_assert_uint_eq(dirty, 0);

    struct cn_he_term_shape t = {.k = 2, .oh = 3, .ow = 3, .kh = 1, .kw = 1, .stride = 1};
    ck_assert(test_shape(&t, p, 1, 3, 3, 0));
    m = t.map;
    uint64_t r[9] = {1, 2, 3}, out[18];
    int32_t values[2] = {3, -5};
    unsigned char *bytes = malloc(cn_he_map_bytes(p, &m));
    ck_assert_int_eq(cn_he_encrypt_map(bytes, s, &m, r, 20, &g), CNAS_OK);
    ck_assert_uint_eq(freed, 4);
    ck_assert_uint_eq(dirty, 0);
    struct cn_he_ciphers *c;
    ck_assert_int_eq(cn_he_ciphers_read(&c, p, &m, bytes, cn_he_map_bytes(p, &m)), CNAS_OK);

    freed = 0;
    ck_assert_int_eq(cn_he_weights_new(&w, p, &t, values), CNAS_OK);
    ck_assert_uint_eq(freed, 1);
    struct cn_he_public *key;
    unsigned char *public_bytes = malloc(cn_he_public_bytes(p));
    cn_he_public_write(public_bytes, s);
    ck_assert_int_eq(cn_he_public_read(&key, p, public_bytes), CNAS_OK);
    const struct cn_he_term_shape *shape = &t;
    const struct cn_he_weights *const weights = w;
    const struct cn_he_ciphers *const ciphers = c;
    struct cn_he_need need = {.ring_bits = 20, .weight_bits = 4, .max_taps = 1, .reply_values = 18};
    uint64_t share[18] = {0};
    size_t n = cn_he_reply_bytes(p, &t, 20);
    unsigned char *reply = malloc(n);
    ck_assert_int_eq(cn_he_reply(reply, p, key, &shape, &weights, &ciphers, 1, share, &need, &g), CNAS_OK);
    ck_assert_int_eq(cn_he_reply_open(out, s, &t, reply, n, 20), CNAS_OK);
    ck_assert_uint_eq(out[9], (0 - UINT64_C(5)) & test_mask(20));
    cn_he_weights_free(&w);
    ck_assert_uint_eq(freed, 4); /* scratch of weights, reply and opening; weights */
    ck_assert_uint_eq(dirty, 0);

    freed = 0;
    watch_from = p->primes * p->n * sizeof(uint64_t); /* the secret, larger than the packed public key */
    cn_he_secret_free(&s);
    ck_assert_uint_eq(freed, 1);
    ck_assert_uint_eq(dirty, 0);
    watch_from = 0;
    free(bytes);
    free(public_bytes);
    free(reply);
    cn_he_ciphers_free(&c);
    cn_he_public_free(&key);
}
END_TEST

/* What the caller must not do. which: 0 more taps than the need says, 1 a gap too small for the kernel, 2 nothing wrong but a weight
 * out of range, which is a status, 3 one source in two terms. */
static void break_contract(int which)
{
    struct cn_prg g;
    struct test_keys k;
    test_prg(&g, 5);
    const struct cn_he_params *p = cn_he_params_by_id(1);
    test_keys_init(&k, p, &g);
    struct test_term t = {.shape = {.k = 1, .oh = 5, .ow = 5, .kh = 3, .kw = 3, .stride = 1, .pad_y = 1, .pad_x = 1}};
    ck_assert(test_shape(&t.shape, p, 1, 5, 5, 0));
    if (which == 1)
        ck_assert_int_eq(cn_he_map_init(&t.shape.map, p, 1, 5, 5, 0), CNAS_OK);
    test_term_init(&t, &k, 20, 6, TEST_LARGEST, &g);
    const struct cn_he_term_shape *shape[2] = {&t.shape, &t.shape};
    const struct cn_he_weights *weights[2] = {t.weights, t.weights};
    const struct cn_he_ciphers *ciphers[2] = {t.ciphers, t.ciphers};
    struct cn_he_need need = {.ring_bits = 20, .weight_bits = which == 2 ? 5 : 6, .max_taps = which == 0 ? 8 : 18, .reply_values = 25};
    uint64_t share[25] = {0};
    unsigned char *bytes = malloc(cn_he_reply_bytes(p, shape[0], 20));
    ck_assert_int_eq(cn_he_reply(bytes, p, k.public_key, shape, weights, ciphers, which == 3 ? 2 : 1, share, &need, &g), CNAS_E_RANGE);
    free(bytes);
    test_term_clear(&t);
    test_keys_clear(&k);
}

START_TEST(too_many_taps)
{
    break_contract(0);
}
END_TEST

START_TEST(gap_too_small)
{
    break_contract(1);
}
END_TEST

START_TEST(one_source_twice)
{
    break_contract(3);
}
END_TEST

START_TEST(weight_out_of_range)
{
    break_contract(2);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("he_wire");
    TCase *c = tcase_create("wire");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, ciphers_refused);
    tcase_add_test(c, public_refused);
    tcase_add_test(c, reply_refused);
    tcase_add_test(c, secrets_wiped);
    tcase_add_test_raise_signal(c, too_many_taps, SIGABRT);
    tcase_add_test_raise_signal(c, gap_too_small, SIGABRT);
    tcase_add_test_raise_signal(c, one_source_twice, SIGABRT);
    tcase_add_test(c, weight_out_of_range);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
