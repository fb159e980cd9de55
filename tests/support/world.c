#include "tests/support/world.h"

#include <check.h>
#include <string.h>

#include "runtime/net/chan.h"

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

void side_start(struct server_side *s)
{
    ck_assert_int_eq(pthread_create(&s->thread, NULL, serve, s), 0);
}

void side_join(struct server_side *s)
{
    ck_assert_int_eq(pthread_join(s->thread, NULL), 0);
}

void world_init(struct world *w, enum tiny_kind kind, unsigned ring, unsigned weights)
{
    struct cnas_error e;
    memset(w, 0, sizeof *w);
    tiny_init(&w->t, kind, ring, weights, 1 + (uint64_t)kind);
    ck_assert_msg(cnas_server_new(&w->server, &w->t.m, w->t.q, &e) == CNAS_OK, "%s", e.text);
}

void world_connect(struct world *w, const struct cnas_private_options *o, struct cn_chan *(*wrap)(struct cn_chan *))
{
    struct cn_chan *a, *b;
    struct cnas_error e;
    ck_assert_int_eq(cn_chan_pair(&a, &b, 20), CNAS_OK);
    w->side = (struct server_side){.t = &w->t, .server = w->server, .chan = b};
    if (o)
        w->side.options = *o;
    side_start(&w->side);
    ck_assert_msg(cn_client_over(&w->client, &w->t.m, wrap ? wrap(a) : a, NULL, &e) == CNAS_OK, "%s", e.text);
}

void world_leave(struct world *w)
{
    cnas_client_free(&w->client);
    side_join(&w->side);
    ck_assert_msg(w->side.status == CNAS_OK, "%s", w->side.error.text);
}

void world_clear(struct world *w)
{
    cnas_server_free(&w->server);
    tiny_clear(&w->t);
}

void offline(struct world *w)
{
    ck_assert_msg(tiny_client_offline(w->client, &w->t.m) == CNAS_OK, "%s", cnas_client_error(w->client)->text);
}

void online(struct world *w, uint64_t seed)
{
    tiny_image(&w->t, w->image, seed);
    tiny_clear_logits(&w->t, w->image, w->want);
    memset(w->got, 0x55, sizeof w->got);
    ck_assert_msg(tiny_client_online(w->client, &w->t.m, w->image, w->got) == CNAS_OK, "%s", cnas_client_error(w->client)->text);
    ck_assert_mem_eq(w->got, w->want, w->t.m.classes * sizeof *w->got);
}
