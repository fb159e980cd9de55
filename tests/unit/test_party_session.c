/* Whole private sessions between two threads: results equal to the clear network bit for bit, the queue, limits, refusals,
 * statistics, and what must not show in what the client sends. */
#include "runtime/net/chan.h"
#include "runtime/net/kind.h"
#include "runtime/party/client.h"
#include "runtime/party/hello.h"
#include "runtime/party/session.h"
#include "runtime/base/bytes.h"
#include "tests/support/tiny.h"

#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* --- the server's side, in a thread --- */

struct server_side {
    const struct tiny *t;
    const struct cnas_server *server;
    struct cn_chan *chan; /* or, where NULL: */
    int fd;
    const unsigned char *secret;
    struct cnas_private_options options;
    pthread_t thread;
    enum cnas_status status;
    struct cnas_error error;
    struct cnas_private_stats stats;
};

static void *serve(void *arg)
{
    struct server_side *s = arg;
    struct cnas_server_session *session;
    s->status = s->chan ? cn_server_session_over(&session, s->server, s->chan, &s->options, &s->error)
                        : cnas_server_session_new(&session, s->server, s->fd, s->secret, &s->options, &s->error);
    if (s->status != CNAS_OK)
        return NULL;
    s->status = tiny_serve(session, &s->t->m);
    if (s->status != CNAS_OK)
        s->error = *cnas_server_session_error(session);
    cnas_server_session_stats(session, &s->stats);
    cnas_server_session_free(&session);
    return NULL;
}

static void start(struct server_side *s)
{
    ck_assert_int_eq(pthread_create(&s->thread, NULL, serve, s), 0);
}
static void join(struct server_side *s)
{
    ck_assert_int_eq(pthread_join(s->thread, NULL), 0);
}

/* A network, its server, and a session over an in-memory pair; tap: records what the client sends. */
struct world {
    struct tiny t;
    struct cnas_server *server;
    struct server_side side;
    struct cnas_client *client;
    float image[11 * 23 * 31];
    int64_t want[10], got[10];
};

static void world_init(struct world *w, enum tiny_kind kind, unsigned ring, unsigned weights)
{
    struct cnas_error e;
    memset(w, 0, sizeof *w);
    tiny_init(&w->t, kind, ring, weights, 1 + (uint64_t)kind);
    ck_assert_msg(cnas_server_new(&w->server, &w->t.m, w->t.q, &e) == CNAS_OK, "%s", e.text);
}
static void world_connect(struct world *w, const struct cnas_private_options *o, struct cn_chan *(*wrap)(struct cn_chan *))
{
    struct cn_chan *a, *b;
    struct cnas_error e;
    ck_assert_int_eq(cn_chan_pair(&a, &b, 20), CNAS_OK);
    w->side = (struct server_side){.t = &w->t, .server = w->server, .chan = b};
    if (o)
        w->side.options = *o;
    start(&w->side);
    ck_assert_msg(cn_client_over(&w->client, &w->t.m, wrap ? wrap(a) : a, NULL, &e) == CNAS_OK, "%s", e.text);
}
static void world_leave(struct world *w) /* a goodbye that the server takes for one */
{
    cnas_client_free(&w->client);
    join(&w->side);
    ck_assert_msg(w->side.status == CNAS_OK, "%s", w->side.error.text);
}
static void world_clear(struct world *w)
{
    cnas_server_free(&w->server);
    tiny_clear(&w->t);
}

static void offline(struct world *w)
{
    ck_assert_msg(tiny_client_offline(w->client, &w->t.m) == CNAS_OK, "%s", cnas_client_error(w->client)->text);
}
static void online(struct world *w, uint64_t seed) /* and compares */
{
    tiny_image(&w->t, w->image, seed);
    tiny_clear_logits(&w->t, w->image, w->want);
    memset(w->got, 0x55, sizeof w->got);
    ck_assert_msg(tiny_client_online(w->client, &w->t.m, w->image, w->got) == CNAS_OK, "%s", cnas_client_error(w->client)->text);
    ck_assert_mem_eq(w->got, w->want, w->t.m.classes * sizeof *w->got);
}

/* --- results --- */

static const struct {
    enum tiny_kind kind;
    unsigned ring, weights;
} cases[] = {{TINY_PLAIN, 16, 2}, {TINY_PLAIN, 32, 8}, {TINY_PLAIN, 60, 8}, {TINY_SKIPS, 24, 6},
             {TINY_SKIPS, 31, 8}, {TINY_SKIPS, 41, 12}, {TINY_EDGES, 30, 8}, {TINY_EDGES, 37, 8}};
enum { CASES = sizeof cases / sizeof *cases };

START_TEST(private_equals_clear)
{
    struct world w;
    world_init(&w, cases[_i].kind, cases[_i].ring, cases[_i].weights);
    world_connect(&w, NULL, NULL);
    offline(&w);
    online(&w, 1);
    for (int i = 0; i < 3; i++) /* several ahead, then mixed */
        offline(&w);
    online(&w, 2);
    online(&w, 2); /* the same image once more */
    offline(&w);
    for (uint64_t i = 3; i < 5; i++)
        online(&w, i);
    world_leave(&w);
    ck_assert_uint_eq(w.side.stats.online_runs, 5);
    ck_assert_uint_eq(w.side.stats.offline_runs, 5);
    world_clear(&w);
}
END_TEST

START_TEST(extreme_images)
{
    struct world w;
    world_init(&w, TINY_SKIPS, 31, 8);
    world_connect(&w, NULL, NULL);
    const float values[] = {0, 1e30f, -1e30f, 1.0f / 128, 3.0f / 128};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        offline(&w);
        for (size_t k = 0; k < tiny_input_size(&w.t); k++)
            w.image[k] = k % 7 ? values[i] : -values[i];
        tiny_clear_logits(&w.t, w.image, w.want);
        ck_assert_int_eq(tiny_client_online(w.client, &w.t.m, w.image, w.got), CNAS_OK);
        ck_assert_mem_eq(w.got, w.want, w.t.m.classes * sizeof *w.got);
    }
    world_leave(&w);
    world_clear(&w);
}
END_TEST

START_TEST(both_count_the_same)
{
    struct world w;
    struct cnas_private_stats c;
    world_init(&w, TINY_SKIPS, 31, 8);
    world_connect(&w, NULL, NULL);
    offline(&w);
    online(&w, 1);
    offline(&w);
    online(&w, 2);
    cnas_client_stats(w.client, &c);
    world_leave(&w);
    const struct cnas_private_stats *s = &w.side.stats;
    const struct cnas_phase_stats *a[] = {&c.setup, &c.offline, &c.online}, *b[] = {&s->setup, &s->offline, &s->online};
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_gt(a[i]->sent, 0);
        ck_assert_uint_gt(a[i]->received, 0);
        ck_assert_uint_eq(a[i]->sent, b[i]->received);
        ck_assert_uint_eq(a[i]->received, b[i]->sent);
        ck_assert(a[i]->seconds > 0 && b[i]->seconds > 0);
    }
    /* online: two one-way messages a layer, four layers; the masked image; the shared logits. The flip into the next run counts
     * with it: one less in the first. */
    ck_assert_uint_eq(c.online_runs, 2);
    ck_assert_uint_le(c.online.flips, 2 * (2 * 4 + 2));
    world_clear(&w);
}
END_TEST

/* --- over sockets, with keys --- */

START_TEST(over_a_socket)
{
    struct world w;
    struct cnas_error e;
    unsigned char secret[32], key[32];
    int fd[2];
    world_init(&w, TINY_PLAIN, 32, 8);
    crypto_kx_keypair(key, secret);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    w.side = (struct server_side){.t = &w.t, .server = w.server, .fd = fd[1], .secret = secret};
    start(&w.side);
    ck_assert_msg(cnas_client_new(&w.client, &w.t.m, fd[0], key, NULL, &e) == CNAS_OK, "%s", e.text);
    ck_assert_uint_eq(cnas_client_plan(w.client)->ring_bits, 32);
    offline(&w);
    online(&w, 1);
    world_leave(&w);

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0); /* the wrong key */
    w.side = (struct server_side){.t = &w.t, .server = w.server, .fd = fd[1], .secret = secret};
    start(&w.side);
    key[5] ^= 1;
    ck_assert_int_eq(cnas_client_new(&w.client, &w.t.m, fd[0], key, NULL, &e), CNAS_E_AUTH);
    ck_assert_ptr_null(w.client);
    ck_assert_ptr_nonnull(strstr(e.text, "pinned key"));
    join(&w.side);
    ck_assert_int_eq(w.side.status, CNAS_E_CLOSED);
    world_clear(&w);
}
END_TEST

/* --- refusals --- */

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
    start(&w.side);
    ck_assert_int_eq(cn_client_over(&w.client, &other.m, a, NULL, &e), CNAS_E_MISMATCH);
    join(&w.side);
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
    join(&w.side);
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
    join(&w.side);
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
    join(&w.side);
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

/* --- what the client sends shows nothing --- */

static struct { /* of the client in the session under test */
    unsigned char *bytes;
    size_t n, room;
    struct cn_chan *inner;
} tap;

static enum cnas_status tap_send(void *self, const unsigned char *bytes, size_t n, struct cn_chan_counters *count, struct cnas_error *err)
{
    (void)self;
    if (tap.n + n > tap.room)
        ck_assert_ptr_nonnull(tap.bytes = realloc(tap.bytes, tap.room = 2 * (tap.n + n)));
    memcpy(tap.bytes + tap.n, bytes, n);
    tap.n += n;
    count->sent += n;
    enum cnas_status status = cn_chan_send(tap.inner, bytes, n);
    if (status == CNAS_OK)
        status = cn_chan_flush(tap.inner);
    if (status != CNAS_OK)
        *err = *cn_chan_error(tap.inner);
    return status;
}
static enum cnas_status tap_receive(void *self, unsigned char *bytes, size_t n, size_t *got, struct cn_chan_counters *count,
                                    struct cnas_error *err)
{
    (void)self;
    *got = n;
    count->received += n;
    enum cnas_status status = cn_chan_recv(tap.inner, bytes, n);
    if (status != CNAS_OK)
        *err = *cn_chan_error(tap.inner);
    return status;
}
static enum cnas_status tap_wait(void *self, double seconds, struct cn_chan_counters *count, struct cnas_error *err)
{
    (void)self, (void)count, (void)err;
    return cn_chan_wait(tap.inner, seconds);
}
static void tap_close(void *self, bool cleanly)
{
    (void)self, (void)cleanly;
    cn_chan_free(&tap.inner);
}
static void tap_free(void *self)
{
    (void)self;
}
static struct cn_chan *tapped(struct cn_chan *inner)
{
    static const struct cn_chan_kind kind = {tap_send, tap_receive, tap_wait, tap_close, tap_free};
    const struct cn_chan_counters none = {0};
    struct cn_chan *out;
    tap.inner = inner;
    ck_assert_int_eq(cn_chan_new(&out, &kind, &tap, &none, NULL), CNAS_OK);
    return out;
}

enum { WINDOW = 12 };
static int compare_windows(const void *a, const void *b)
{
    return memcmp(*(const unsigned char *const *)a, *(const unsigned char *const *)b, WINDOW);
}

/* The same image ten times: no 12 bytes that the client sends ever come twice, though its messages say the same. (A chance hit
 * among n windows has probability below n^2 / 2^97.) */
START_TEST(nothing_comes_twice)
{
    struct world w;
    world_init(&w, TINY_PLAIN, 32, 8);
    tiny_image(&w.t, w.image, 1);
    for (int session = 0; session < 2; session++) {
        size_t greeting = tap.n;
        world_connect(&w, NULL, tapped);
        memmove(tap.bytes + greeting, tap.bytes + greeting + 40, tap.n - greeting - 40); /* the hello is the same, and should be */
        tap.n -= 40;
        for (int i = 0; i < 5; i++) {
            offline(&w);
            online(&w, 1);
        }
        world_leave(&w);
    }
    size_t n = tap.n - WINDOW + 1;
    const unsigned char **at = malloc(n * sizeof *at);
    for (size_t i = 0; i < n; i++)
        at[i] = tap.bytes + i;
    qsort(at, n, sizeof *at, compare_windows);
    size_t twice = 0;
    for (size_t i = 1; i < n; i++)
        twice += memcmp(at[i - 1], at[i], WINDOW) == 0;
    ck_assert_uint_eq(twice, 0);
    ck_assert_uint_gt(n, 10000);
    free(at);
    free(tap.bytes);
    world_clear(&w);
}
END_TEST

/* Bytes of the masked image over many runs of one black image: as even as random bytes. Chi-square with 255 degrees of freedom
 * has mean 255 and standard deviation 22.6: the bounds are more than 6 deviations away. */
START_TEST(masked_images_look_random)
{
    struct world w;
    double count[256] = {0}, total = 0, chi = 0;
    world_init(&w, TINY_PLAIN, 32, 8);
    world_connect(&w, NULL, tapped);
    for (int i = 0; i < 60; i++) {
        offline(&w);
        size_t before = tap.n + 1; /* the request */
        ck_assert_int_eq(cnas_client_online_begin(w.client, w.image), CNAS_OK);
        ck_assert_uint_eq(tap.n - before, 25 * 32 / 8);
        for (size_t k = before; k < tap.n; k++, total++)
            count[tap.bytes[k]]++;
        ck_assert_int_eq(cnas_client_online_activate(w.client, 1), CNAS_OK);
        ck_assert_int_eq(cnas_client_online_reveal(w.client, 2, w.got), CNAS_OK);
    }
    for (int v = 0; v < 256; v++)
        chi += (count[v] - total / 256) * (count[v] - total / 256) / (total / 256);
    ck_assert_msg(chi > 110 && chi < 410, "chi-square %g over %g bytes", chi, total);
    world_leave(&w);
    free(tap.bytes);
    world_clear(&w);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("party/session");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, private_equals_clear, 0, CASES);
    tcase_add_test(t, extreme_images);
    tcase_add_test(t, both_count_the_same);
    tcase_add_test(t, over_a_socket);
    tcase_add_test(t, another_network);
    tcase_add_test(t, a_plan_that_is_not_sound);
    tcase_add_test(t, limits);
    tcase_add_loop_test(t, limits_hold_against_the_client, 0, 3);
    tcase_add_test(t, online_without_offline_is_refused);
    tcase_add_loop_test_raise_signal(t, misuse, SIGABRT, 0, 7);
    tcase_add_test(t, nothing_comes_twice);
    tcase_add_test(t, masked_images_look_random);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
