/* Garbled activations between two parties: the result is the ideal one; faults end in a status; what each side sees. */
#include "runtime/base/bytes.h"
#include "runtime/gc/gc.h"
#include "runtime/prg/aes.h"
#include "tests/support/fault.h"
#include "tests/support/two.h"

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { LAYERS_MAX = 32, SET_UP = 127 * 64 /* bytes that the server sends before the first layer */ };

struct layer {
    struct cn_gc_spec spec;
    uint64_t *z_c, *z_s, *r, *masked;
};
struct session {
    uint64_t seed;
    size_t layers;
    struct layer layer[LAYERS_MAX];
};

static uint64_t mask_of(unsigned bits)
{
    return UINT64_MAX >> (64 - bits);
}

static void seeded(struct cn_prg *g, uint64_t seed)
{
    unsigned char bytes[32] = {0};
    memcpy(bytes, &seed, sizeof seed);
    cn_prg_init(g, bytes);
}

/* All layers offline, then all online, in the same order. */
static enum cnas_status serve(void *self, struct cn_chan *chan)
{
    struct session *s = self;
    struct cn_prg g;
    struct cn_cot_sender *ot;
    struct cn_gc_garbled *garbled[LAYERS_MAX] = {NULL};
    seeded(&g, 2 * s->seed);
    enum cnas_status status = cn_cot_sender_new(&ot, chan, &g);
    for (size_t i = 0; i < s->layers && status == CNAS_OK; i++) {
        status = cn_gc_garble_offline(&garbled[i], &s->layer[i].spec, ot, chan, &g);
        ck_assert((garbled[i] != NULL) == (status == CNAS_OK));
    }
    for (size_t i = 0; i < s->layers && status == CNAS_OK; i++) {
        status = cn_gc_garble_online(&garbled[i], s->layer[i].masked, s->layer[i].z_s, chan);
        ck_assert_ptr_null(garbled[i]);
    }
    for (size_t i = 0; i < s->layers; i++)
        cn_gc_garbled_free(&garbled[i]);
    if (ot)
        cn_cot_sender_free(&ot);
    return status;
}

static enum cnas_status ask(void *self, struct cn_chan *chan)
{
    struct session *s = self;
    struct cn_prg g;
    struct cn_cot_receiver *ot;
    struct cn_gc_evaluable *evaluable[LAYERS_MAX] = {NULL};
    seeded(&g, 2 * s->seed + 1);
    enum cnas_status status = cn_cot_receiver_new(&ot, chan, &g);
    for (size_t i = 0; i < s->layers && status == CNAS_OK; i++) {
        status = cn_gc_evaluate_offline(&evaluable[i], &s->layer[i].spec, s->layer[i].z_c, s->layer[i].r, ot, chan);
        ck_assert((evaluable[i] != NULL) == (status == CNAS_OK));
    }
    for (size_t i = 0; i < s->layers && status == CNAS_OK; i++) {
        status = cn_gc_evaluate_online(&evaluable[i], chan);
        ck_assert_ptr_null(evaluable[i]);
    }
    for (size_t i = 0; i < s->layers; i++)
        cn_gc_evaluable_free(&evaluable[i]);
    if (ot)
        cn_cot_receiver_free(&ot);
    return status;
}

static struct layer *add_layer(struct session *s, size_t n, unsigned bits, unsigned shift, bool relu)
{
    ck_assert_uint_lt(s->layers, LAYERS_MAX);
    struct layer *l = &s->layer[s->layers++];
    l->spec = (struct cn_gc_spec){n, bits, shift, relu};
    l->z_c = calloc(n + 1, sizeof *l->z_c);
    l->z_s = calloc(n + 1, sizeof *l->z_s);
    l->r = calloc(n + 1, sizeof *l->r);
    l->masked = calloc(n + 1, sizeof *l->masked);
    ck_assert(l->z_c && l->z_s && l->r && l->masked);
    return l;
}

/* Edges of z first, the others random; z shared at random, r random. */
static void add_random_layer(struct session *s, size_t n, unsigned bits, unsigned shift, bool relu)
{
    struct layer *l = add_layer(s, n, bits, shift, relu);
    struct cn_prg g;
    seeded(&g, 1000 + s->seed + s->layers);
    uint64_t half = UINT64_C(1) << (bits - 1);
    const uint64_t edge[6] = {0, 1, mask_of(bits), half, half - 1, half + 1};
    for (size_t i = 0; i < n; i++) {
        uint64_t z = i < 6 ? edge[i] : cn_prg_u64(&g);
        l->z_s[i] = cn_prg_u64(&g) & mask_of(bits);
        l->z_c[i] = (z - l->z_s[i]) & mask_of(bits);
        l->r[i] = cn_prg_u64(&g) & mask_of(bits);
    }
}

static size_t wrong(const struct session *s)
{
    size_t count = 0;
    for (size_t i = 0; i < s->layers; i++) {
        const struct layer *l = &s->layer[i];
        for (size_t k = 0; k < l->spec.n; k++)
            count += l->masked[k] != cn_gc_ideal(&l->spec, l->z_c[k] + l->z_s[k], l->r[k]);
        ck_assert_uint_eq(l->masked[l->spec.n], 0); /* nothing past the end */
    }
    return count;
}

static void clear(struct session *s)
{
    for (size_t i = 0; i < s->layers; i++) {
        free(s->layer[i].z_c);
        free(s->layer[i].z_s);
        free(s->layer[i].r);
        free(s->layer[i].masked);
    }
}

static void run_well(struct session *s, struct two *t)
{
    enum cnas_status status[2];
    two_run(t, status, serve, s, ask, s);
    ck_assert_int_eq(status[0], CNAS_OK);
    ck_assert_int_eq(status[1], CNAS_OK);
    ck_assert_uint_eq(wrong(s), 0);
}

/* Every z_c, z_s, r: one layer for every shift, with and without ReLU. */
static void all_inputs(unsigned bits)
{
    struct session s = {.seed = bits};
    for (unsigned shift = 0; shift < bits; shift++) {
        for (int relu = 0; relu < 2; relu++) {
            size_t n = (size_t)1 << 3 * bits;
            struct layer *l = add_layer(&s, n, bits, shift, relu);
            for (size_t k = 0; k < n; k++) {
                l->z_c[k] = k & mask_of(bits);
                l->r[k] = k >> bits & mask_of(bits);
                l->z_s[k] = k >> 2 * bits;
            }
        }
    }
    struct two t = two_new(20);
    run_well(&s, &t);
    clear(&s);
}

START_TEST(all_inputs_fastest)
{
    all_inputs((unsigned)_i);
}
END_TEST

START_TEST(all_inputs_every_kind)
{
    if (!cn_aes_supported((enum cn_aes_kind)_i))
        return;
    cn_aes_use((enum cn_aes_kind)_i);
    all_inputs(2);
    all_inputs(3);
}
END_TEST

/* Several specifications in one session; large rings, every shift among them. */
START_TEST(large_rings)
{
    static const unsigned rings[] = {7, 16, 31, 32, 33, 37, 41, 60, 63, 64};
    for (size_t i = 0; i < sizeof rings / sizeof rings[0]; i++) {
        struct session s = {.seed = 100 + i};
        unsigned l = rings[i];
        const unsigned shifts[] = {0, 1, l / 3, l / 2, l - 2, l - 1};
        for (int k = 0; k < 6; k++) {
            add_random_layer(&s, 70, l, shifts[k], true);
            add_random_layer(&s, 70, l, shifts[k], false);
        }
        struct two t = two_new(20);
        run_well(&s, &t);
        clear(&s);
    }
}
END_TEST

/* Groups, padding and chunks of every kind; also nothing at all. */
START_TEST(sizes)
{
    static const size_t n[] = {0, 1, 2, 3, 4, 5, 31, 32, 33, 63, 100, 1023, 1024, 1025, 8191, 8192, 8193, 20001};
    struct session s = {.seed = 5};
    for (size_t i = 0; i < sizeof n / sizeof n[0]; i++)
        add_random_layer(&s, n[i], 16 + (unsigned)i, 6, i % 3 != 0);
    struct two t = two_new(20);
    run_well(&s, &t);
    clear(&s);
}
END_TEST

/* The same bytes from every implementation of AES; the digests say that the wire has not changed, not that it is right. */
START_TEST(wire_baseline)
{
    static const char *want[2] = {"faaef67d556ddffb9828a781c9ce33f10ce8a46f1b423d047558f2739077f67a",
                                  "e4acdb3d93c6f104f4b36889e727f0d0dc2091b07fc9b5680be2577e7d05c046"};
    if (!cn_aes_supported((enum cn_aes_kind)_i))
        return;
    cn_aes_use((enum cn_aes_kind)_i);
    struct session s = {.seed = 77};
    add_random_layer(&s, 203, 33, 11, true);
    add_random_layer(&s, 37, 20, 5, false);
    struct record sent[2];
    struct two t = two_new(20);
    t.sent[0] = &sent[0];
    t.sent[1] = &sent[1];
    run_well(&s, &t);
    for (int i = 0; i < 2; i++) {
        char hex[65];
        two_digest(hex, &sent[i]);
        ck_assert_str_eq(hex, want[i]);
        free(sent[i].bytes);
    }
    clear(&s);
}
END_TEST

START_TEST(bytes_as_predicted)
{
    static const size_t n[] = {1, 203, 8193};
    for (int i = 0; i < 3; i++) {
        struct session s = {.seed = 6};
        add_random_layer(&s, n[i], 33, 11, true);
        struct record sent[2];
        struct two t = two_new(20);
        t.sent[0] = &sent[0];
        t.sent[1] = &sent[1];
        run_well(&s, &t);
        struct cn_gc_bytes b = cn_gc_bytes(&s.layer[0].spec);
        ck_assert_uint_eq(sent[0].n, SET_UP + b.offline_to_client + b.online_to_client);
        ck_assert_uint_eq(sent[1].n, 32 + b.offline_to_server + b.online_to_server);
        free(sent[0].bytes);
        free(sent[1].bytes);
        clear(&s);
    }
    ck_assert_uint_eq(cn_gc_bytes(&(struct cn_gc_spec){0, 32, 0, true}).offline_to_client, 0);
    /* l = 32, shift 12: 67 gates of 32 bytes and 14 of 16 */
    ck_assert_uint_eq(cn_gc_bytes(&(struct cn_gc_spec){4, 32, 12, true}).offline_to_client, 16 + 4 * (67 * 32 + 14 * 16));
}
END_TEST

static int compare_blocks(const void *a, const void *b)
{
    return memcmp(a, b, 16);
}

/* The same layer with the same inputs, twice in one session: no 16 bytes of tables or labels come again. */
START_TEST(nothing_is_reused)
{
    struct session s = {.seed = 8};
    add_layer(&s, 64, 32, 8, true);
    add_layer(&s, 64, 32, 8, true);
    struct record sent;
    struct two t = two_new(20);
    t.sent[0] = &sent;
    run_well(&s, &t);
    size_t blocks = (sent.n - SET_UP) / 16;
    struct cn_gc_bytes b = cn_gc_bytes(&s.layer[0].spec);
    ck_assert_uint_eq(16 * blocks, 2 * (b.offline_to_client + b.online_to_client));
    unsigned char *at = sent.bytes + SET_UP;
    qsort(at, blocks, 16, compare_blocks);
    size_t again = 0;
    for (size_t i = 1; i < blocks; i++)
        again += memcmp(at + 16 * (i - 1), at + 16 * i, 16) == 0;
    ck_assert_uint_eq(again, 0);
    free(sent.bytes);
    clear(&s);
}
END_TEST

/* Bits set among n values of `bits` bits: each position within 6 standard deviations of n / 2. */
static void check_balanced(const uint64_t *values, size_t n, unsigned bits)
{
    for (unsigned i = 0; i < bits; i++) {
        size_t ones = 0;
        for (size_t k = 0; k < n; k++)
            ones += values[k] >> i & 1;
        double off = (double)ones - (double)n / 2;
        ck_assert_double_lt(off * off, 36.0 * (double)n / 4);
    }
}

/* What each side sees is random: with z fixed, the server gets y - r and sends labels; with z and r fixed to 0, the colours that
 * the client computes are the permute bits, which it cannot know. */
START_TEST(views)
{
    enum { N = 4096, L = 20 };
    struct session s = {.seed = 9};
    struct layer *l = add_layer(&s, N, L, 4, true);
    struct cn_prg g;
    seeded(&g, 10);
    for (size_t k = 0; k < N; k++) {
        l->z_s[k] = cn_prg_u64(&g) & mask_of(L);
        l->z_c[k] = (0x12345 - l->z_s[k]) & mask_of(L);
        l->r[k] = cn_prg_u64(&g) & mask_of(L);
    }
    add_layer(&s, N, L, 4, true);
    struct record sent;
    struct two t = two_new(20);
    t.sent[1] = &sent;
    run_well(&s, &t);
    check_balanced(l->masked, N, L);
    static uint64_t colours[2 * N];
    size_t bytes = 2 * cn_packed_size(N, L);
    ck_assert_int_eq(cn_unpack_bits(colours, sent.bytes + sent.n - bytes, 2 * N, L), 0);
    check_balanced(colours, N, L);
    check_balanced(colours + N, N, L);
    uint64_t any = 0;
    for (size_t k = 0; k < N; k++)
        any |= s.layer[1].masked[k];
    ck_assert_uint_eq(any, 0);
    free(sent.bytes);
    clear(&s);
}
END_TEST

/* A flipped bit in a table gives wrong outputs in at most that element, or none (a row is used half of the time). */
START_TEST(tampered_tables)
{
    size_t total = 0;
    for (uint64_t i = 0; i < 40; i++) {
        struct session s = {.seed = 11};
        add_random_layer(&s, 40, 16, 3, true);
        enum cnas_status status[2];
        struct two t = two_new(20);
        t.a = fault_chan(&t.a, FAULT_FLIP, SET_UP + 16 + 1009 * i, i);
        two_run(&t, status, serve, &s, ask, &s);
        ck_assert_int_eq(status[0], CNAS_OK);
        ck_assert_int_eq(status[1], CNAS_OK);
        size_t bad = wrong(&s);
        ck_assert_uint_le(bad, 1);
        total += bad;
        clear(&s);
    }
    ck_assert_uint_gt(total, 8);
    ck_assert_uint_lt(total, 40);
}
END_TEST

/* Hanging up, or sending random bytes, at any point: a status on both sides, outputs wiped or wrong, nothing leaked, no crash. */
START_TEST(faults_anywhere)
{
    static const enum fault faults[] = {FAULT_HANG_UP, FAULT_GARBAGE};
    for (int side = 0; side < 2; side++) {
        for (int f = 0; f < 2; f++) {
            struct session whole = {.seed = 12};
            add_random_layer(&whole, 9000, 4, 1, true); /* two chunks */
            struct cn_gc_bytes b = cn_gc_bytes(&whole.layer[0].spec);
            uint64_t end =
                side ? 32 + b.offline_to_server + b.online_to_server : SET_UP + b.offline_to_client + b.online_to_client;
            clear(&whole);
            for (int i = 0; i < 12; i++) {
                struct session s = {.seed = 12};
                add_random_layer(&s, 9000, 4, 1, true);
                enum cnas_status status[2];
                struct two t = two_new(20);
                struct cn_chan **c = side ? &t.b : &t.a;
                *c = fault_chan(c, faults[f], i == 11 ? end - 1 : end * (uint64_t)i / 11, (uint64_t)i);
                two_run(&t, status, serve, &s, ask, &s);
                if (faults[f] == FAULT_HANG_UP) {
                    ck_assert_int_ne(status[0], CNAS_OK);
                    ck_assert_int_ne(status[side], CNAS_OK);
                    uint64_t left = 0;
                    for (size_t k = 0; k < 9000; k++)
                        left |= s.layer[0].masked[k];
                    ck_assert_uint_eq(left, 0);
                }
                clear(&s);
            }
        }
    }
}
END_TEST

/* One value of 3 bits: five bits of the client's last byte are padding. */
START_TEST(padding_is_checked)
{
    int refused = 0, done = 0;
    for (uint64_t seed = 0; seed < 16; seed++) {
        struct session s = {.seed = 13};
        add_random_layer(&s, 1, 3, 0, true);
        struct cn_gc_bytes b = cn_gc_bytes(&s.layer[0].spec);
        enum cnas_status status[2];
        struct two t = two_new(20);
        t.b = fault_chan(&t.b, FAULT_FLIP, 32 + b.offline_to_server, seed);
        two_run(&t, status, serve, &s, ask, &s);
        refused += status[0] == CNAS_E_PROTOCOL;
        done += status[0] == CNAS_OK;
        clear(&s);
    }
    ck_assert_int_eq(refused + done, 16);
    ck_assert_int_gt(refused, 4);
    ck_assert_int_gt(done, 0);
}
END_TEST

START_TEST(too_many_elements)
{
    struct cn_gc_spec s = {(size_t)CN_GC_N_MAX + 1, 32, 0, true};
    struct cn_gc_garbled *g;
    struct cn_gc_evaluable *e;
    ck_assert_int_eq(cn_gc_garble_offline(&g, &s, NULL, NULL, NULL), CNAS_E_RANGE);
    ck_assert_int_eq(cn_gc_evaluate_offline(&e, &s, NULL, NULL, NULL, NULL), CNAS_E_RANGE);
    ck_assert_ptr_null(g);
    ck_assert_ptr_null(e);
}
END_TEST

START_TEST(used_twice_is_misuse)
{
    struct cn_gc_evaluable *e = NULL;
    enum cnas_status status = cn_gc_evaluate_online(&e, NULL);
    (void)status;
}
END_TEST

START_TEST(wrong_shift_is_misuse)
{
    struct cn_gc_spec s = {1, 8, 8, true};
    ck_assert_uint_eq(cn_gc_and_gates(&s), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("gc");
    TCase *t = tcase_create("gc");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, all_inputs_fastest, 2, 6);
    tcase_add_loop_test(t, all_inputs_every_kind, 0, CN_AES_KINDS);
    tcase_add_test(t, large_rings);
    tcase_add_test(t, sizes);
    tcase_add_loop_test(t, wire_baseline, 0, CN_AES_KINDS);
    tcase_add_test(t, bytes_as_predicted);
    tcase_add_test(t, nothing_is_reused);
    tcase_add_test(t, views);
    tcase_add_test(t, tampered_tables);
    tcase_add_test(t, faults_anywhere);
    tcase_add_test(t, padding_is_checked);
    tcase_add_test(t, too_many_elements);
    tcase_add_test_raise_signal(t, used_twice_is_misuse, SIGABRT);
    tcase_add_test_raise_signal(t, wrong_shift_is_misuse, SIGABRT);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
