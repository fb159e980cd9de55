/* What a party does not go along with: another network, an unsound plan, more than the limits, calls out of order. */
#include <check.h>
#include <signal.h>
#include <string.h>

#include "runtime/net/chan.h"
#include "runtime/party/hello.h"
#include "tests/support/world.h"

START_TEST(another_network)
{
    struct world w;
    struct tiny other;
    struct cn_chan *a, *b;
    struct cnas_error e;
    world_init(&w, TINY_PLAIN, 32, 8);
    tiny_init(&other, TINY_SKIPS, 32, 8, 1);
    ck_assert_int_eq(cn_chan_pair(&a, &b, 5), CNAS_OK);
    w.side = (struct server_side){.t = &w.t, .server = w.server, .chan = b};
    side_start(&w.side);
    ck_assert_int_eq(cn_client_over(&w.client, &other.m, a, NULL, &e), CNAS_E_MISMATCH);
    side_join(&w.side);
    ck_assert_int_eq(w.side.status, CNAS_E_MISMATCH);
    ck_assert_ptr_nonnull(strstr(e.text, "a00000000000"));
    ck_assert_ptr_nonnull(strstr(e.text, "b00000000000"));
    ck_assert_ptr_nonnull(strstr(w.side.error.text, "a00000000000"));
    ck_assert_ptr_nonnull(strstr(w.side.error.text, "b00000000000"));
    tiny_clear(&other);
    world_clear(&w);
}
END_TEST

/* A server whose greeting says something else than it should. */
struct liar {
    const struct cnas_model *m;
    struct cnas_fixed_plan plan;
    struct cn_terms terms;
    struct cn_chan *chan;
};
static void *lie(void *arg)
{
    struct liar *l = arg;
    struct cnas_error e;
    (void)!cn_hello_server(l->chan, l->m, &l->plan, &l->terms, &e);
    unsigned char byte;
    (void)!cn_chan_recv(l->chan, &byte, 1);
    cn_chan_free(&l->chan);
    return NULL;
}

START_TEST(a_plan_that_is_not_sound)
{
    struct world w;
    world_init(&w, TINY_PLAIN, 32, 8);
    const struct cnas_fixed_plan *honest = cnas_fixed_plan(w.t.q);
    struct cn_layout layout;
    ck_assert_int_eq(cn_layout_init(&layout, &w.t.m, honest, NULL), CNAS_OK);
    const struct cn_terms terms = {cn_he_params_id(layout.params), 4, 0};
    cn_layout_clear(&layout);
    for (int i = 0; i < 12; i++) {
        int8_t frac[3];
        uint8_t shift[3];
        struct liar l = {.m = &w.t.m, .plan = *honest, .terms = terms};
        struct cn_chan *a;
        struct cnas_error e;
        pthread_t thread;
        memcpy(frac, honest->frac, 3);
        memcpy(shift, honest->shift, 3);
        l.plan.frac = frac;
        l.plan.shift = shift;
        enum cnas_status want = CNAS_E_PROTOCOL;
        switch (i) {
        case 0: l.plan.ring_bits = 0; break;
        case 1: l.plan.ring_bits = 15; break;
        case 2: l.plan.ring_bits = 64; break;
        case 3: l.plan.ring_bits = UINT32_MAX; break;
        case 4: l.plan.weight_bits = 1; break;
        case 5: l.plan.weight_bits = 200; break;
        case 6: shift[1] = 32; break;
        case 7: shift[0] = 1; break;
        case 8: shift[2] = 1; break;
        case 9: frac[1] = -128; break;
        case 10: l.terms.max_queue = 0; break;
        default: l.terms.he_params++; want = CNAS_E_MISMATCH; break;
        }
        ck_assert_int_eq(cn_chan_pair(&a, &l.chan, 5), CNAS_OK);
        ck_assert_int_eq(pthread_create(&thread, NULL, lie, &l), 0);
        ck_assert_msg(cn_client_over(&w.client, &w.t.m, a, NULL, &e) == want, "lie %d", i);
        ck_assert_ptr_null(w.client);
        pthread_join(thread, NULL);
    }
    world_clear(&w);
}
END_TEST

/* --- the queue and the limits --- */

START_TEST(limits)
{
    struct world w;
    uint32_t queue;
    uint64_t queries;
    world_init(&w, TINY_PLAIN, 32, 8);
    world_connect(&w, &(struct cnas_private_options){.max_queue = 2, .max_queries = 3}, NULL);
    cnas_client_limits(w.client, &queue, &queries);
    ck_assert_uint_eq(queue, 2);
    ck_assert_uint_eq(queries, 3);
    offline(&w);
    offline(&w);
    online(&w, 1);
    online(&w, 2);
    offline(&w);
    ck_assert_int_eq(cnas_client_offline_begin(w.client), CNAS_E_RANGE); /* a fourth */
    ck_assert_ptr_nonnull(strstr(cnas_client_error(w.client)->text, "no more inferences"));
    ck_assert_int_eq(cnas_client_online_begin(w.client, w.image), CNAS_E_RANGE); /* dead */
    cnas_client_free(&w.client);
    side_join(&w.side);
    ck_assert_int_eq(w.side.status, CNAS_E_CLOSED);
    world_clear(&w);
}
END_TEST

/* A client that does not keep to them is stopped by the server. _i: which limit. */
START_TEST(limits_hold_against_the_client)
{
    struct world w;
    world_init(&w, TINY_PLAIN, 32, 8);
    world_connect(&w, &(struct cnas_private_options){.max_queue = 2, .max_queries = _i ? 1 : 0}, NULL);
    offline(&w);
    if (_i == 0)
        offline(&w);
    unsigned char request = _i == 2 ? 0 : CNAS_REQUEST_OFFLINE, byte;
    ck_assert_int_eq(cn_chan_send(w.client->s.chan, &request, 1), CNAS_OK);
    ck_assert_int_eq(cn_chan_recv(w.client->s.chan, &byte, 1), CNAS_E_CLOSED);
    cnas_client_free(&w.client);
    side_join(&w.side);
    ck_assert_int_eq(w.side.status, CNAS_E_PROTOCOL);
    ck_assert_ptr_nonnull(strstr(w.side.error.text, _i == 0 ? "more offline runs" : _i == 1 ? "more inferences" : "unknown request"));
    world_clear(&w);
}
END_TEST

START_TEST(online_without_offline_is_refused)
{
    struct world w;
    unsigned char request = CNAS_REQUEST_ONLINE, byte;
    world_init(&w, TINY_PLAIN, 32, 8);
    world_connect(&w, NULL, NULL);
    offline(&w);
    online(&w, 1);
    ck_assert_int_eq(cn_chan_send(w.client->s.chan, &request, 1), CNAS_OK); /* a second use of the one offline run */
    ck_assert_int_eq(cn_chan_recv(w.client->s.chan, &byte, 1), CNAS_E_CLOSED);
    cnas_client_free(&w.client);
    side_join(&w.side);
    ck_assert_int_eq(w.side.status, CNAS_E_PROTOCOL);
    ck_assert_ptr_nonnull(strstr(w.side.error.text, "without an offline run"));
    world_clear(&w);
}
END_TEST

/* --- misuse by the embedding program aborts --- */

START_TEST(misuse)
{
    struct world w;
    world_init(&w, TINY_PLAIN, 32, 8);
    world_connect(&w, NULL, NULL);
    enum cnas_status status = CNAS_OK;
    switch (_i) {
    case 0: status = cnas_client_online_begin(w.client, w.image); break; /* no offline run */
    case 1: status = cnas_client_offline_linear(w.client, 1); break;     /* not begun */
    case 2:
        status = cnas_client_offline_begin(w.client);
        status = cnas_client_offline_linear(w.client, 2); /* not its turn */
        break;
    case 3:
        status = cnas_client_offline_begin(w.client);
        status = cnas_client_offline_activate(w.client, 1); /* before linear */
        break;
    case 4:
        status = cnas_client_offline_begin(w.client);
        status = cnas_client_offline_begin(w.client);
        break;
    case 5:
        status = cnas_client_offline_begin(w.client);
        status = cnas_client_offline_end(w.client);
        break;
    default:
        offline(&w);
        status = cnas_client_online_begin(w.client, w.image);
        status = cnas_client_online_reveal(w.client, 2, w.got);
        break;
    }
    ck_abort_msg("not noticed: %d", (int)status);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("party/refusal");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, another_network);
    tcase_add_test(t, a_plan_that_is_not_sound);
    tcase_add_test(t, limits);
    tcase_add_loop_test(t, limits_hold_against_the_client, 0, 3);
    tcase_add_test(t, online_without_offline_is_refused);
    tcase_add_loop_test_raise_signal(t, misuse, SIGABRT, 0, 7);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
