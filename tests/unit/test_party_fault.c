/* Sessions with a peer that hangs up, stalls, or sends random or altered bytes, at many places: both sides end with a status,
 * neither hangs nor crashes, and the server serves the next client. Below encryption, where every byte reaches the protocol. */
#include "runtime/base/clock.h"
#include "runtime/net/chan.h"
#include "runtime/net/socket.h"
#include "runtime/party/session.h"
#include "tests/support/fault.h"
#include "tests/support/tiny.h"

#include <check.h>
#include <pthread.h>
#include <string.h>

static struct tiny t;
static struct cnas_server *server;

static void setup(void)
{
    struct cnas_error e;
    tiny_init(&t, TINY_PLAIN, 20, 4, 1);
    ck_assert_msg(cnas_server_new(&server, &t.m, t.q, &e) == CNAS_OK, "%s", e.text);
}
static void teardown(void)
{
    cnas_server_free(&server);
    tiny_clear(&t);
}

struct outcome {
    struct cn_chan *chan;
    enum cnas_status status;
    struct cnas_error error;
    uint64_t sent;
    int equal;
};

static void *serve(void *arg)
{
    struct outcome *o = arg;
    struct cnas_server_session *s;
    o->status = cn_server_session_over(&s, server, o->chan, NULL, &o->error);
    if (o->status != CNAS_OK)
        return NULL;
    o->status = tiny_serve(s, &t.m);
    o->error = *cnas_server_session_error(s);
    struct cnas_private_stats n;
    cnas_server_session_stats(s, &n);
    o->sent = n.setup.sent + n.offline.sent + n.online.sent;
    cnas_server_session_free(&s);
    return NULL;
}

static void infer(struct outcome *o)
{
    struct cnas_client *c;
    float image[25];
    int64_t logits[3], want[3];
    tiny_image(&t, image, 1);
    tiny_clear_logits(&t, image, want);
    o->status = cn_client_over(&c, &t.m, o->chan, NULL, &o->error);
    if (o->status != CNAS_OK)
        return;
    o->status = tiny_client_offline(c, &t.m);
    if (o->status == CNAS_OK)
        o->status = tiny_client_online(c, &t.m, image, logits);
    o->equal = o->status == CNAS_OK && memcmp(logits, want, sizeof want) == 0;
    o->error = *cnas_client_error(c);
    struct cnas_private_stats n;
    cnas_client_stats(c, &n);
    o->sent = n.setup.sent + n.offline.sent + n.online.sent;
    cnas_client_free(&c);
}

/* Runs a session in which one side's sending goes wrong. */
static void session(struct outcome side[2], int faulty, enum fault fault, uint64_t at, double deadline_s)
{
    struct cn_chan *chan[2];
    pthread_t thread;
    ck_assert_int_eq(cn_chan_pair(&chan[0], &chan[1], deadline_s), CNAS_OK);
    chan[faulty] = fault_chan(&chan[faulty], fault, at, at);
    memset(side, 0, 2 * sizeof *side);
    side[0].chan = chan[0];
    side[1].chan = chan[1];
    ck_assert_int_eq(pthread_create(&thread, NULL, serve, &side[1]), 0);
    infer(&side[0]);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

static void good_session(uint64_t sent[2])
{
    struct outcome side[2];
    session(side, 0, FAULT_NONE, 0, 20);
    for (int i = 0; i < 2; i++) {
        ck_assert_msg(side[i].status == CNAS_OK, "%s", side[i].error.text);
        sent[i] = side[i].sent;
    }
    ck_assert(side[0].equal);
}

enum { PLACES = 9 };

/* _i: which side is bad (2) x what it does (4). Places: the first bytes, then spread over the session, the last byte. */
START_TEST(faults)
{
    uint64_t sent[2];
    int faulty = _i % 2;
    enum fault fault = (enum fault)(FAULT_HANG_UP + _i / 2);
    good_session(sent);
    for (uint64_t k = 0; k < PLACES; k++) {
        uint64_t at = k < 3 ? 20 * k : sent[faulty] * (2 * k - 5) / (2 * PLACES - 6);
        if (k == PLACES - 1)
            at = sent[faulty] - 1;
        struct outcome side[2];
        double start = cn_clock_s();
        session(side, faulty, fault, at, fault == FAULT_STALL ? 0.12 : 20);
        ck_assert_msg(cn_clock_s() - start < 15, "hung: fault %d at %llu", (int)fault, (unsigned long long)at);
        if (fault == FAULT_HANG_UP || fault == FAULT_STALL) {
            /* the side that misses something says so; only the last message of all can be missed by the other alone */
            ck_assert_int_ne(side[1 - faulty].status, CNAS_OK);
            ck_assert_int_eq(side[1 - faulty].error.status, side[1 - faulty].status);
            if (fault == FAULT_HANG_UP)
                ck_assert_int_eq(side[1 - faulty].status, CNAS_E_CLOSED);
        }
        for (int i = 0; i < 2; i++)
            if (side[i].status != CNAS_OK)
                ck_assert_uint_gt(strlen(side[i].error.text), 10);
    }
    good_session(sent); /* the server is as good as before */
}
END_TEST

/* Only noise, with and without the right greeting. */
START_TEST(noise)
{
    for (uint64_t seed = 0; seed < 6; seed++)
        for (int faulty = 0; faulty < 2; faulty++) {
            struct outcome side[2];
            session(side, faulty, FAULT_GARBAGE, seed % 2 ? 40 : 0, 20);
            if (seed % 2 == 0)
                ck_assert_int_eq(side[1 - faulty].status, CNAS_E_PROTOCOL);
        }
    uint64_t sent[2];
    good_session(sent);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("party/fault");
    TCase *c = tcase_create("all");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, faults, 0, 8);
    tcase_add_test(c, noise);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
