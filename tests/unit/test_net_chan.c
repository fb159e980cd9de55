/* Channels in general, over the in-memory pair and over the faulty channel: order, counters, flips, deadlines, sticky errors. */
#include "runtime/base/clock.h"
#include "runtime/net/chan.h"
#include "runtime/net/socket.h"
#include "runtime/prg/prg.h"
#include "tests/support/fault.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static void *echo(void *arg) /* reads 300000 bytes, sends them back */
{
    struct cn_chan *c = arg;
    unsigned char *bytes = malloc(300000);
    enum cnas_status status = cn_chan_recv(c, bytes, 300000);
    if (status == CNAS_OK)
        status = cn_chan_send(c, bytes, 300000);
    if (status == CNAS_OK)
        status = cn_chan_flush(c);
    free(bytes);
    return (void *)(intptr_t)status;
}

START_TEST(bytes_and_counters)
{
    struct cn_chan *a, *b;
    ck_assert_int_eq(cn_chan_pair(&a, &b, 5), CNAS_OK);
    static unsigned char out[300000], in[300000];
    struct cn_prg g;
    cn_prg_init(&g, (const unsigned char[32]){1});
    cn_prg_bytes(&g, out, sizeof out);
    pthread_t t;
    void *result;
    pthread_create(&t, NULL, echo, b);
    for (size_t done = 0, n = 1; done < sizeof out; done += n) { /* pieces of 1, 4, 13, ... bytes */
        n = 3 * n + 1 < sizeof out - done ? 3 * n + 1 : sizeof out - done;
        ck_assert_int_eq(cn_chan_send(a, out + done, n), CNAS_OK);
    }
    ck_assert_int_eq(cn_chan_recv(a, in, 1), CNAS_OK); /* also flushes */
    ck_assert_int_eq(cn_chan_recv(a, in + 1, sizeof in - 1), CNAS_OK);
    pthread_join(t, &result);
    ck_assert_int_eq((intptr_t)result, CNAS_OK);
    ck_assert_mem_eq(in, out, sizeof in);
    struct cn_chan_counters ca = cn_chan_counters(a), cb = cn_chan_counters(b);
    ck_assert_uint_eq(ca.sent, sizeof out);
    ck_assert_uint_eq(ca.received, sizeof out);
    ck_assert_uint_eq(ca.flips, 1);
    ck_assert_uint_eq(cb.sent, ca.received);
    ck_assert_uint_eq(cb.received, ca.sent);
    ck_assert_uint_eq(cb.flips, 1);
    ck_assert_int_eq(cn_chan_send(a, out, 10), CNAS_OK);
    ck_assert_int_eq(cn_chan_send(a, out, 10), CNAS_OK);
    ck_assert_uint_eq(cn_chan_counters(a).flips, 2);
    ck_assert_uint_eq(cn_chan_counters(a).sent, sizeof out); /* not yet flushed */
    cn_chan_free(&a);
    ck_assert_ptr_null(a);
    cn_chan_free(&a);
    cn_chan_free(&b);
}
END_TEST

START_TEST(silence_is_a_timeout)
{
    struct cn_chan *a, *b;
    unsigned char byte = 7;
    ck_assert_int_eq(cn_chan_pair(&a, &b, 0.05), CNAS_OK);
    double start = cn_clock_s();
    ck_assert_int_eq(cn_chan_wait(a, 0.02), CNAS_E_TIMEOUT); /* changes nothing */
    ck_assert_int_eq(cn_chan_error(a)->status, CNAS_OK);
    ck_assert_int_eq(cn_chan_send(b, &byte, 1), CNAS_OK);
    ck_assert_int_eq(cn_chan_flush(b), CNAS_OK);
    ck_assert_int_eq(cn_chan_wait(a, 1), CNAS_OK);
    ck_assert_int_eq(cn_chan_recv(a, &byte, 1), CNAS_OK);
    ck_assert_int_eq(cn_chan_recv(a, &byte, 1), CNAS_E_TIMEOUT);
    ck_assert_uint_eq(byte, 0); /* wiped */
    ck_assert(cn_clock_s() - start >= 0.07);
    ck_assert(cn_clock_s() - start < 4);
    ck_assert_int_eq(cn_chan_error(a)->status, CNAS_E_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(cn_chan_error(a)->text, "deadline"));
    /* sticky, and the other side sees a closed channel at once */
    ck_assert_int_eq(cn_chan_send(a, &byte, 1), CNAS_E_TIMEOUT);
    ck_assert_int_eq(cn_chan_flush(a), CNAS_E_TIMEOUT);
    ck_assert_int_eq(cn_chan_wait(a, 1), CNAS_E_TIMEOUT);
    ck_assert_int_eq(cn_chan_violation(a, "x"), CNAS_E_PROTOCOL);
    ck_assert_int_eq(cn_chan_error(a)->status, CNAS_E_TIMEOUT); /* the first one stays */
    ck_assert_int_eq(cn_chan_recv(b, &byte, 1), CNAS_E_CLOSED);
    cn_chan_free(&a);
    cn_chan_free(&b);
}
END_TEST

START_TEST(a_full_pipe_is_a_timeout)
{
    struct cn_chan *a, *b;
    ck_assert_int_eq(cn_chan_pair(&a, &b, 0.05), CNAS_OK);
    size_t n = 8 << 20;
    unsigned char *bytes = calloc(1, n);
    ck_assert_int_eq(cn_chan_send(a, bytes, n), CNAS_E_TIMEOUT);
    free(bytes);
    cn_chan_free(&a);
    cn_chan_free(&b);
}
END_TEST

START_TEST(violation_closes)
{
    struct cn_chan *a, *b;
    unsigned char byte;
    ck_assert_int_eq(cn_chan_pair(&a, &b, 5), CNAS_OK);
    ck_assert_int_eq(cn_chan_violation(a, "a length of zero"), CNAS_E_PROTOCOL);
    ck_assert_ptr_nonnull(strstr(cn_chan_error(a)->text, "a length of zero"));
    ck_assert_int_eq(cn_chan_recv(b, &byte, 1), CNAS_E_CLOSED);
    cn_chan_free(&b);
    cn_chan_free(&a);
}
END_TEST

START_TEST(what_was_sent_before_closing_arrives)
{
    struct cn_chan *a, *b;
    char text[4];
    ck_assert_int_eq(cn_chan_pair(&a, &b, 5), CNAS_OK);
    ck_assert_int_eq(cn_chan_send(a, "last", 4), CNAS_OK);
    ck_assert_int_eq(cn_chan_flush(a), CNAS_OK);
    cn_chan_free(&a);
    ck_assert_int_eq(cn_chan_recv(b, text, 4), CNAS_OK);
    ck_assert_mem_eq(text, "last", 4);
    ck_assert_int_eq(cn_chan_recv(b, text, 1), CNAS_E_CLOSED);
    cn_chan_free(&b);
}
END_TEST

/* The faulty channel itself, or the tests that use it prove nothing. */
START_TEST(faults_happen_where_asked)
{
    for (uint64_t at = 0; at < 10; at++)
        for (int fault = FAULT_NONE; fault <= FAULT_FLIP; fault++) {
            struct cn_chan *a, *b;
            unsigned char out[10] = "abcdefghij", in[10] = {0};
            ck_assert_int_eq(cn_chan_pair(&a, &b, 0.01), CNAS_OK);
            a = fault_chan(&a, (enum fault)fault, at, 99);
            enum cnas_status status = cn_chan_send(a, out, 6);
            if (status == CNAS_OK)
                status = cn_chan_flush(a);
            if (status == CNAS_OK)
                status = cn_chan_send(a, out + 6, 4);
            if (status == CNAS_OK)
                status = cn_chan_flush(a);
            ck_assert_int_eq(status, fault == FAULT_HANG_UP ? CNAS_E_CLOSED : CNAS_OK);
            if (at)
                ck_assert_int_eq(cn_chan_recv(b, in, at), CNAS_OK);
            ck_assert_mem_eq(in, out, at);
            status = cn_chan_recv(b, in + at, 10 - at);
            switch ((enum fault)fault) {
            case FAULT_NONE:
                ck_assert_int_eq(status, CNAS_OK);
                ck_assert_mem_eq(in, out, 10);
                break;
            case FAULT_HANG_UP:
                ck_assert_int_eq(status, CNAS_E_CLOSED);
                break;
            case FAULT_STALL:
                ck_assert_int_eq(status, CNAS_E_TIMEOUT);
                break;
            case FAULT_GARBAGE:
                ck_assert_int_eq(status, CNAS_OK);
                if (at < 4)
                    ck_assert_mem_ne(in + at, out + at, 10 - at);
                break;
            case FAULT_FLIP:
                ck_assert_int_eq(status, CNAS_OK);
                ck_assert_int_eq(__builtin_popcount((unsigned)(in[at] ^ out[at])), 1);
                ck_assert_mem_eq(in + at + 1, out + at + 1, 10 - at - 1);
                break;
            }
            cn_chan_free(&a);
            cn_chan_free(&b);
        }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("net/chan");
    TCase *t = tcase_create("pair");
    tcase_add_test(t, bytes_and_counters);
    tcase_add_test(t, silence_is_a_timeout);
    tcase_add_test(t, a_full_pipe_is_a_timeout);
    tcase_add_test(t, violation_closes);
    tcase_add_test(t, what_was_sent_before_closing_arrives);
    tcase_add_test(t, faults_happen_where_asked);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
