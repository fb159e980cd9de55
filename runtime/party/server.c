/* Servers and their sessions: making, set-up, requests, freeing. */
#include "runtime/party/server.h"

#include "runtime/base/clock.h"
#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"
#include "runtime/net/socket.h"
#include "runtime/party/hello.h"

#include <sodium.h>
#include <unistd.h>

/* --- the server --- */

enum cnas_status cnas_server_new(struct cnas_server **out, const struct cnas_model *m, const struct cnas_fixed *q,
                                 struct cnas_error *err)
{
    struct cnas_server *s = *out = cn_mem_zalloc(1, sizeof *s);
    if (!s)
        return cn_error(err, CNAS_E_MEMORY, "no memory for the server");
    s->m = m;
    s->q = q;
    enum cnas_status status = cn_layout_init(&s->layout, m, cnas_fixed_plan(q), err);
    if (status == CNAS_OK && !(s->weights = cn_mem_zalloc(m->n_terms, sizeof *s->weights)))
        status = cn_error(err, CNAS_E_MEMORY, "no memory for the server");
    for (uint32_t t = 0; t < m->n_terms && status == CNAS_OK; t++) {
        status = cn_he_weights_new(&s->weights[t], s->layout.params, &s->layout.shape[t], cn_fixed_weights(q, t));
        if (status != CNAS_OK)
            cn_error(err, status, "the weights of term %u cannot be encoded: %s", t, cnas_status_text(status));
    }
    if (status != CNAS_OK)
        cnas_server_free(out);
    return status;
}

void cnas_server_free(struct cnas_server **s)
{
    struct cnas_server *old = *s;
    *s = NULL;
    if (!old)
        return;
    if (old->weights)
        for (uint32_t t = 0; t < old->m->n_terms; t++)
            cn_he_weights_free(&old->weights[t]);
    cn_mem_free(old->weights);
    cn_layout_clear(&old->layout);
    cn_mem_free(old);
}

/* --- sessions --- */

size_t cn_server_shares(const struct cn_layout *l)
{
    size_t n = 0;
    for (uint32_t p = 1; p < l->m->n_points; p++)
        n += l->size[p];
    return n;
}

void cn_server_item_clear(struct cn_server_item *item, const struct cn_layout *l)
{
    if (item->garbled)
        for (uint32_t p = 0; p < l->m->n_points; p++)
            cn_gc_garbled_free(&item->garbled[p]);
    cn_mem_free(item->garbled);
    cn_mem_wipe_free(item->share, cn_server_shares(l) * sizeof *item->share);
    *item = (struct cn_server_item){NULL, NULL};
}

void cn_server_drop_ciphers(struct cnas_server_session *c)
{
    for (uint32_t p = 0; p < c->server->m->n_points; p++)
        cn_he_ciphers_free(&c->ciphers[p]);
}

static enum cnas_status allocate(struct cnas_server_session *c)
{
    const struct cn_layout *l = &c->server->layout;
    size_t points = l->m->n_points, terms = l->m->n_terms;
    c->queue = cn_mem_zalloc(c->s.max_queue, sizeof *c->queue);
    c->ciphers = cn_mem_zalloc(points, sizeof *c->ciphers);
    c->masked = cn_mem_alloc(l->size[0] + cn_server_shares(l), sizeof *c->masked);
    c->values = cn_mem_alloc(points, sizeof *c->values);
    c->share_at = cn_mem_zalloc(points, sizeof *c->share_at);
    c->sum = cn_mem_alloc(l->largest_point, sizeof *c->sum);
    c->message = cn_mem_alloc(l->largest_message, 1);
    c->shapes = cn_mem_alloc(terms, sizeof *c->shapes);
    c->weights = cn_mem_alloc(terms, sizeof *c->weights);
    c->term_ciphers = cn_mem_alloc(terms, sizeof *c->term_ciphers);
    if (!c->queue || !c->ciphers || !c->masked || !c->values || !c->share_at || !c->sum || !c->message || !c->shapes ||
        !c->weights || !c->term_ciphers)
        return CNAS_E_MEMORY;
    for (size_t p = 0, at = 0; p < points; at += l->size[p], p++) {
        c->values[p] = c->masked + at;
        c->share_at[p] = p ? at - l->size[0] : 0;
    }
    return cn_fixed_workspace_new(&c->workspace, c->server->q, c->server->m);
}

/* The client's encryption key and the base transfers. */
static enum cnas_status exchange_keys(struct cnas_server_session *c)
{
    const struct cn_he_params *params = c->server->layout.params;
    size_t n = cn_he_public_bytes(params);
    unsigned char *bytes = cn_mem_alloc(n, 1);
    if (!bytes)
        return CNAS_E_MEMORY;
    enum cnas_status status = cn_chan_recv(c->s.chan, bytes, n);
    if (status == CNAS_OK) {
        status = cn_he_public_read(&c->key, params, bytes);
        if (status == CNAS_E_PROTOCOL)
            status = cn_chan_violation(c->s.chan, "a malformed encryption key");
    }
    cn_mem_free(bytes);
    return status == CNAS_OK ? cn_cot_sender_new(&c->ot, c->s.chan, &c->s.prg) : status;
}

static enum cnas_status session_new(struct cnas_server_session **out, const struct cnas_server *server, struct cn_chan *chan,
                                    const struct cnas_private_options *o, double started, struct cnas_error *err)
{
    struct cnas_private_options options = cn_session_options(o);
    struct cnas_server_session *c = *out = cn_mem_zalloc(1, sizeof *c);
    if (!c) {
        cn_chan_free(&chan);
        return cn_error(err, CNAS_E_MEMORY, "no memory for a session");
    }
    cn_session_start(&c->s, server->m, chan, true, started);
    c->server = server;
    c->s.max_queue = options.max_queue;
    c->s.max_queries = options.max_queries;
    const struct cn_terms terms = {cn_he_params_id(server->layout.params), options.max_queue, options.max_queries};
    struct cnas_error e = {.status = CNAS_OK};
    enum cnas_status status = cn_hello_server(chan, server->m, cnas_fixed_plan(server->q), &terms, &e);
    if (status == CNAS_OK)
        status = allocate(c);
    if (status == CNAS_OK)
        status = exchange_keys(c);
    if (status == CNAS_OK)
        status = cn_chan_flush(chan);
    if (status == CNAS_OK) {
        cn_session_finish(&c->s, &c->s.stats.setup);
        return CNAS_OK;
    }
    (void)cn_session_leave(&c->s, status, e.status ? e.text : NULL);
    if (err)
        *err = *cn_session_error(&c->s);
    cnas_server_session_free(out);
    return status;
}

enum cnas_status cnas_server_session_new(struct cnas_server_session **out, const struct cnas_server *s, int fd,
                                         const unsigned char secret[CNAS_KEY_BYTES], const struct cnas_private_options *o,
                                         struct cnas_error *err)
{
    double started = cn_clock_s();
    unsigned char public_key[CNAS_KEY_BYTES];
    struct cn_chan *chan;
    *out = NULL;
    crypto_scalarmult_base(public_key, secret);
    enum cnas_status status = cn_chan_secure_server(&chan, fd, secret, public_key, cn_session_options(o).deadline_s, err);
    return status == CNAS_OK ? session_new(out, s, chan, o, started, err) : status;
}

enum cnas_status cn_server_session_over(struct cnas_server_session **out, const struct cnas_server *s, struct cn_chan *chan,
                                        const struct cnas_private_options *o, struct cnas_error *err)
{
    return session_new(out, s, chan, o, cn_clock_s(), err);
}

enum cnas_status cnas_server_next(struct cnas_server_session *c, enum cnas_request *request, double idle_s)
{
    unsigned char kind;
    enum cnas_status status = cn_session_ready(&c->s);
    if (status != CNAS_OK)
        return status;
    if (c->pending)
        cn_misuse("the last request was not served");
    status = cn_chan_wait(c->s.chan, idle_s);
    if (status == CNAS_E_TIMEOUT && cn_chan_error(c->s.chan)->status == CNAS_OK)
        return status; /* nothing yet; a flush that timed out is an error of the channel */
    if (status == CNAS_OK)
        status = cn_chan_recv(c->s.chan, &kind, 1);
    if (status != CNAS_OK)
        return cn_session_leave(&c->s, status, NULL);
    const char *flaw = NULL;
    if (kind == CNAS_REQUEST_OFFLINE) {
        uint64_t queries = c->s.stats.online_runs + c->queue_held;
        if (c->queue_held == c->s.max_queue)
            flaw = "it asked for more offline runs than are kept";
        else if (c->s.max_queries && queries >= c->s.max_queries)
            flaw = "it asked for more inferences than a session may have";
    } else if (kind == CNAS_REQUEST_ONLINE) {
        if (c->queue_held == 0)
            flaw = "it asked for an inference without an offline run";
    } else if (kind != CNAS_REQUEST_BYE) {
        flaw = "an unknown request";
    }
    if (flaw)
        return cn_session_leave(&c->s, cn_chan_violation(c->s.chan, flaw), NULL);
    c->pending = *request = (enum cnas_request)kind;
    return CNAS_OK;
}

void cnas_server_session_free(struct cnas_server_session **session)
{
    struct cnas_server_session *c = *session;
    *session = NULL;
    if (!c)
        return;
    const struct cn_layout *l = &c->server->layout;
    if (c->ciphers)
        cn_server_drop_ciphers(c);
    cn_server_item_clear(&c->making, l);
    cn_server_item_clear(&c->using, l);
    for (uint32_t i = 0; c->queue && i < c->s.max_queue; i++)
        cn_server_item_clear(&c->queue[i], l);
    cn_he_public_free(&c->key);
    cn_cot_sender_free(&c->ot);
    cn_fixed_workspace_free(&c->workspace);
    cn_mem_free(c->queue);
    cn_mem_free(c->ciphers);
    cn_mem_wipe_free(c->masked, (l->size[0] + cn_server_shares(l)) * sizeof *c->masked);
    cn_mem_free(c->values);
    cn_mem_free(c->share_at);
    cn_mem_wipe_free(c->sum, l->largest_point * sizeof *c->sum);
    cn_mem_free(c->message);
    cn_mem_free(c->shapes);
    cn_mem_free(c->weights);
    cn_mem_free(c->term_ciphers);
    cn_session_clear(&c->s);
    cn_mem_free(c);
}

void cnas_server_session_stats(const struct cnas_server_session *c, struct cnas_private_stats *out)
{
    *out = c->s.stats;
}

const struct cnas_error *cnas_server_session_error(const struct cnas_server_session *c)
{
    return cn_session_error(&c->s);
}
