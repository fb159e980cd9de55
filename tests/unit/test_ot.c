/* Base OT and its extension: the receiver has its message and not the other; sequences of calls; faults; bytes on the wire. */
#include "runtime/ot/base.h"
#include "runtime/ot/ot.h"
#include "runtime/ot/transpose.h"
#include "runtime/prg/aes.h"
#include "tests/support/fault.h"
#include "tests/support/two.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { CALLS_MAX = 8 };

struct sender {
    uint64_t seed;
    size_t n[CALLS_MAX], calls;
    cn_block delta, *q[CALLS_MAX];
};
struct receiver {
    uint64_t seed;
    size_t n[CALLS_MAX], calls;
    unsigned char *choices[CALLS_MAX];
    cn_block *t[CALLS_MAX];
};

static void seeded(struct cn_prg *g, uint64_t seed)
{
    unsigned char bytes[32] = {0};
    memcpy(bytes, &seed, sizeof seed);
    cn_prg_init(g, bytes);
}

static enum cnas_status send_all(void *self, struct cn_chan *chan)
{
    struct sender *s = self;
    struct cn_prg g;
    struct cn_cot_sender *ot;
    seeded(&g, s->seed);
    enum cnas_status status = cn_cot_sender_new(&ot, chan, &g);
    if (status != CNAS_OK) {
        ck_assert_ptr_null(ot);
        return status;
    }
    s->delta = cn_cot_delta(ot);
    for (size_t i = 0; i < s->calls && status == CNAS_OK; i++)
        status = cn_cot_send(ot, chan, s->q[i], s->n[i]);
    cn_cot_sender_free(&ot);
    ck_assert_ptr_null(ot);
    return status;
}

static enum cnas_status receive_all(void *self, struct cn_chan *chan)
{
    struct receiver *r = self;
    struct cn_prg g;
    struct cn_cot_receiver *ot;
    seeded(&g, r->seed);
    enum cnas_status status = cn_cot_receiver_new(&ot, chan, &g);
    if (status != CNAS_OK) {
        ck_assert_ptr_null(ot);
        return status;
    }
    for (size_t i = 0; i < r->calls && status == CNAS_OK; i++)
        status = cn_cot_receive(ot, chan, r->t[i], r->choices[i], r->n[i]);
    cn_cot_receiver_free(&ot);
    return status;
}

static void set_up(struct sender *s, struct receiver *r, const size_t *n, size_t calls, uint64_t seed)
{
    struct cn_prg g;
    seeded(&g, seed);
    *s = (struct sender){.seed = 2 * seed, .calls = calls};
    *r = (struct receiver){.seed = 2 * seed + 1, .calls = calls};
    for (size_t i = 0; i < calls; i++) {
        s->n[i] = r->n[i] = n[i];
        s->q[i] = calloc(n[i] + 1, sizeof(cn_block));
        r->t[i] = calloc(n[i] + 1, sizeof(cn_block));
        r->choices[i] = calloc(n[i] / 8 + 1, 1);
        ck_assert(s->q[i] && r->t[i] && r->choices[i]);
        cn_prg_bytes(&g, r->choices[i], (n[i] + 7) / 8);
    }
}

static void tear_down(struct sender *s, struct receiver *r)
{
    for (size_t i = 0; i < s->calls; i++) {
        free(s->q[i]);
        free(r->t[i]);
        free(r->choices[i]);
    }
}

static int equal(cn_block a, cn_block b)
{
    return a.w[0] == b.w[0] && a.w[1] == b.w[1];
}

static void check_correlation(const struct sender *s, const struct receiver *r)
{
    ck_assert_uint_eq(s->delta.w[0] & 1, 1);
    for (size_t c = 0; c < s->calls; c++) {
        size_t not_mine = 0, the_other = 0, low_bit = 0; /* one assertion for each OT would dominate the time */
        for (size_t i = 0; i < s->n[c]; i++) {
            uint64_t b = r->choices[c][i / 8] >> i % 8 & 1;
            cn_block q = s->q[c][i], t = r->t[c][i];
            not_mine += !equal(t, cn_block_xor(q, cn_block_times(b, s->delta)));
            the_other += equal(t, cn_block_xor(q, cn_block_times(!b, s->delta)));
            low_bit += (q.w[0] & 1) != 0 || (t.w[0] & 1) != b;
        }
        ck_assert_uint_eq(not_mine, 0);
        ck_assert_uint_eq(the_other, 0);
        ck_assert_uint_eq(low_bit, 0);
        cn_block zero = {{0, 0}};
        ck_assert(equal(s->q[c][s->n[c]], zero) && equal(r->t[c][r->n[c]], zero)); /* nothing past the end */
    }
}

static const size_t sizes[] = {1, 127, 128, 129, 1000, 16383, 16384, 16385, 100000};

START_TEST(sizes_alone)
{
    struct sender s;
    struct receiver r;
    enum cnas_status status[2];
    struct two t = two_new(10);
    set_up(&s, &r, &sizes[_i], 1, 100 + (uint64_t)_i);
    two_run(&t, status, send_all, &s, receive_all, &r);
    ck_assert_int_eq(status[0], CNAS_OK);
    ck_assert_int_eq(status[1], CNAS_OK);
    check_correlation(&s, &r);
    tear_down(&s, &r);
}
END_TEST

/* One session, several calls: all correlations hold, and no label comes twice. */
START_TEST(sequence_of_calls)
{
    static const size_t n[] = {5, 128, 0, 20000, 1, 300, 128, 5};
    struct sender s;
    struct receiver r;
    enum cnas_status status[2];
    struct two t = two_new(10);
    set_up(&s, &r, n, 8, 7);
    two_run(&t, status, send_all, &s, receive_all, &r);
    ck_assert_int_eq(status[0], CNAS_OK);
    ck_assert_int_eq(status[1], CNAS_OK);
    check_correlation(&s, &r);
    size_t twice = 0;
    for (size_t i = 0; i < 128; i++)
        for (size_t j = 0; j < 128; j++)
            twice += equal(s.q[1][i], s.q[6][j]);
    ck_assert_uint_eq(twice, 0);
    tear_down(&s, &r);
}
END_TEST

/* Every implementation of AES gives the same labels and the same bytes. The digests are a baseline: they say that the wire has
 * not changed, not that it is right. */
START_TEST(wire_baseline)
{
    static const size_t n[] = {200, 20000};
    static const char *want[2] = {"15010bc01e4b5eb8df0798d723737a4dbbf9755898949e17b4cb0ad176fb972a",
                                  "03964e078c8fbd6ccc366303adb377c6acd8c76a7e5134e6055c8088e9a05ae1"};
    if (!cn_aes_supported((enum cn_aes_kind)_i))
        return;
    cn_aes_use((enum cn_aes_kind)_i);
    struct sender s;
    struct receiver r;
    enum cnas_status status[2];
    struct record sent[2];
    char hex[65];
    struct two t = two_new(10);
    t.sent[0] = &sent[0];
    t.sent[1] = &sent[1];
    set_up(&s, &r, n, 2, 42);
    two_run(&t, status, send_all, &s, receive_all, &r);
    check_correlation(&s, &r);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(status[i], CNAS_OK);
        two_digest(hex, &sent[i]);
        ck_assert_str_eq(hex, want[i]);
        free(sent[i].bytes);
    }
    tear_down(&s, &r);
}
END_TEST

/* The receiver of the extension sends 32 bytes in the set-up and 127 bits per OT, the sender 127 * 64 bytes and nothing more. */
static enum cnas_status count_and_receive(void *self, struct cn_chan *chan)
{
    enum cnas_status status = receive_all(self, chan);
    if (status == CNAS_OK)
        status = cn_chan_flush(chan);
    ck_assert_uint_eq(cn_chan_counters(chan).sent, 32 + 127 * 16 * (2 + 157));
    ck_assert_uint_eq(cn_chan_counters(chan).received, 127 * 64);
    return status;
}

START_TEST(bytes_as_promised)
{
    static const size_t n[] = {200, 20000};
    struct sender s;
    struct receiver r;
    enum cnas_status status[2];
    struct two t = two_new(10);
    set_up(&s, &r, n, 2, 43);
    two_run(&t, status, send_all, &s, count_and_receive, &r);
    ck_assert_int_eq(status[0], CNAS_OK);
    ck_assert_int_eq(status[1], CNAS_OK);
    tear_down(&s, &r);
}
END_TEST

/* One side goes silent for good after `at` bytes: both sides end with a status, and outputs are wiped. */
START_TEST(cut_anywhere)
{
    static const size_t n[] = {300, 20000};
    static const uint64_t at[2][6] = {{0, 1, 63, 64, 4000, 127 * 64 - 1},
                                      {0, 31, 32, 33, 32 + 127 * 48 - 1, 32 + 127 * 16 * 130}};
    for (int side = 0; side < 2; side++) {
        for (int i = 0; i < 6; i++) {
            struct sender s;
            struct receiver r;
            enum cnas_status status[2];
            struct two t = two_new(10);
            struct cn_chan **end = side ? &t.b : &t.a;
            *end = fault_chan(end, FAULT_HANG_UP, at[side][i], 1);
            set_up(&s, &r, n, 2, 44);
            two_run(&t, status, send_all, &s, receive_all, &r);
            ck_assert_int_ne(status[side], CNAS_OK);
            if (side)
                ck_assert_int_ne(status[0], CNAS_OK);
            if (side && i == 5) { /* the second call fails in the sender, in its second part */
                size_t kept = 0;
                for (size_t j = 0; j < n[1]; j++)
                    kept += !equal(s.q[1][j], (cn_block){{0, 0}});
                ck_assert_uint_eq(kept, 0);
            }
            tear_down(&s, &r);
        }
    }
}
END_TEST

/* Random bytes instead of group elements are refused, not used (a random string is an element with probability 1/16 or so). */
START_TEST(elements_are_checked)
{
    static const size_t n[] = {300};
    for (int side = 0; side < 2; side++) {
        int refused = 0;
        for (uint64_t seed = 0; seed < 4; seed++) {
            struct sender s;
            struct receiver r;
            enum cnas_status status[2];
            struct two t = two_new(10);
            struct cn_chan **end = side ? &t.b : &t.a;
            *end = fault_chan(end, FAULT_GARBAGE, 0, seed);
            set_up(&s, &r, n, 1, 45);
            two_run(&t, status, send_all, &s, receive_all, &r);
            refused += status[1 - side] == CNAS_E_PROTOCOL;
            tear_down(&s, &r);
        }
        ck_assert_int_ge(refused, 2);
    }
}
END_TEST

static enum cnas_status send_identity(void *self, struct cn_chan *chan)
{
    unsigned char zero[127 * 64] = {0}; /* the encoding of the identity */
    enum cnas_status status = cn_chan_send(chan, zero, 32);
    (void)self;
    return status == CNAS_OK ? cn_chan_recv(chan, zero, sizeof zero) : status;
}

START_TEST(identity_is_refused)
{
    static const size_t n[] = {1};
    struct sender s;
    struct receiver r;
    enum cnas_status status[2];
    struct two t = two_new(10);
    set_up(&s, &r, n, 1, 46);
    two_run(&t, status, send_all, &s, send_identity, NULL);
    ck_assert_int_eq(status[0], CNAS_E_PROTOCOL);
    tear_down(&s, &r);
}
END_TEST

struct base {
    uint64_t seed;
    cn_block pair[128][2], mine[128];
    unsigned char choices[128];
};

static enum cnas_status base_send(void *self, struct cn_chan *chan)
{
    struct base *b = self;
    struct cn_prg g;
    seeded(&g, 1);
    return cn_ot_base_send(b->pair, 128, chan, &g);
}

static enum cnas_status base_receive(void *self, struct cn_chan *chan)
{
    struct base *b = self;
    struct cn_prg g;
    seeded(&g, 2);
    cn_prg_bytes(&g, b->choices, sizeof b->choices);
    for (int i = 0; i < 128; i++)
        b->choices[i] &= 1;
    return cn_ot_base_receive(b->mine, b->choices, 128, chan, &g);
}

START_TEST(base_keys)
{
    static struct base b;
    enum cnas_status status[2];
    struct two t = two_new(10);
    two_run(&t, status, base_send, &b, base_receive, &b);
    ck_assert_int_eq(status[0], CNAS_OK);
    ck_assert_int_eq(status[1], CNAS_OK);
    int ones = 0;
    for (int i = 0; i < 128; i++) {
        unsigned c = b.choices[i];
        ones += (int)c;
        ck_assert(equal(b.mine[i], b.pair[i][c]));
        ck_assert(!equal(b.mine[i], b.pair[i][1 - c]));
        for (int j = 0; j < i; j++)
            ck_assert(!equal(b.mine[i], b.mine[j]));
    }
    ck_assert_int_gt(ones, 32);
    ck_assert_int_lt(ones, 96);
}
END_TEST

START_TEST(transposition)
{
    enum { MOST = 9, STRIDE = 11 };
    static cn_block in[128 * STRIDE], out[128 * MOST + 1];
    if (!cn_aes_supported((enum cn_aes_kind)_i))
        return;
    cn_aes_use((enum cn_aes_kind)_i); /* decides on the vectors, too */
    struct cn_prg g;
    seeded(&g, 3);
    cn_prg_bytes(&g, in, sizeof in);
    for (unsigned blocks = 0; blocks <= MOST; blocks++) {
        memset(out, 0, sizeof out);
        cn_ot_transpose(out, in, STRIDE, blocks);
        size_t wrong = 0;
        for (unsigned i = 0; i < 128 * blocks; i++)
            for (unsigned j = 0; j < 128; j++)
                wrong += (out[i].w[j / 64] >> j % 64 & 1) != (in[j * STRIDE + i / 128].w[i % 128 / 64] >> i % 64 & 1);
        ck_assert_uint_eq(wrong, 0);
        ck_assert(equal(out[128 * blocks], (cn_block){{0, 0}}));
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ot");
    TCase *t = tcase_create("ot");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, transposition, 0, CN_AES_KINDS);
    tcase_add_test(t, base_keys);
    tcase_add_loop_test(t, sizes_alone, 0, sizeof sizes / sizeof sizes[0]);
    tcase_add_test(t, sequence_of_calls);
    tcase_add_loop_test(t, wire_baseline, 0, CN_AES_KINDS);
    tcase_add_test(t, bytes_as_promised);
    tcase_add_test(t, cut_anywhere);
    tcase_add_test(t, elements_are_checked);
    tcase_add_test(t, identity_is_refused);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
