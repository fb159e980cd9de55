/* The client's session: set-up, limits, freeing. */
#include "runtime/party/client.h"

#include "runtime/base/clock.h"
#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"
#include "runtime/net/socket.h"
#include "runtime/party/hello.h"

#include <sodium.h>

void cn_client_item_clear(struct cn_client_item *item, const struct cn_layout *l)
{
    uint32_t points = l->m ? l->m->n_points : 0;
    if (item->evaluable)
        for (uint32_t p = 0; p < points; p++)
            cn_gc_evaluable_free(&item->evaluable[p]);
    cn_mem_free(item->evaluable);
    if (points) {
        cn_mem_wipe_free(item->input_mask, l->size[0] * sizeof *item->input_mask);
        cn_mem_wipe_free(item->output_share, l->size[points - 1] * sizeof *item->output_share);
    }
    *item = (struct cn_client_item){NULL, NULL, NULL};
}

static enum cnas_status allocate(struct cnas_client *c)
{
    const struct cn_layout *l = &c->layout;
    c->queue = cn_mem_zalloc(c->s.max_queue, sizeof *c->queue);
    c->mask_at = cn_mem_zalloc(l->m->n_points, sizeof *c->mask_at);
    c->share = cn_mem_alloc(l->largest_point, sizeof *c->share);
    c->part = cn_mem_alloc(l->largest_point, sizeof *c->part);
    c->message = cn_mem_alloc(l->largest_message, 1);
    if (!c->queue || !c->mask_at || !c->share || !c->part || !c->message)
        return CNAS_E_MEMORY;
    for (uint32_t p = 0; p < l->m->n_points; p++)
        if (l->source[p]) {
            c->mask_at[p] = c->mask_values;
            c->mask_values += l->size[p];
        }
    c->masks = cn_mem_zalloc(c->mask_values, sizeof *c->masks);
    return c->masks ? CNAS_OK : CNAS_E_MEMORY;
}

/* A fresh encryption key for this session and the base transfers. */
static enum cnas_status exchange_keys(struct cnas_client *c)
{
    enum cnas_status status = cn_he_keygen(&c->secret, c->layout.params, &c->s.prg);
    if (status != CNAS_OK)
        return status;
    size_t n = cn_he_public_bytes(c->layout.params);
    unsigned char *bytes = cn_mem_alloc(n, 1);
    if (!bytes)
        return CNAS_E_MEMORY;
    cn_he_public_write(bytes, c->secret);
    status = cn_chan_send(c->s.chan, bytes, n);
    cn_mem_free(bytes);
    return status == CNAS_OK ? cn_cot_receiver_new(&c->ot, c->s.chan, &c->s.prg) : status;
}

/* The server must use the parameters that the network needs by our own reckoning: weaker ones would betray the masks. */
static enum cnas_status agree(struct cnas_client *c, const struct cnas_private_options *o, struct cnas_error *e)
{
    struct cn_terms terms;
    const struct cnas_model *m = c->s.m;
    c->plan.frac = cn_mem_zalloc(m->n_points, sizeof *c->plan.frac);
    c->plan.shift = cn_mem_zalloc(m->n_points, sizeof *c->plan.shift);
    if (!c->plan.frac || !c->plan.shift)
        return CNAS_E_MEMORY;
    enum cnas_status status = cn_hello_client(c->s.chan, m, &c->plan, &terms, e);
    if (status == CNAS_OK)
        status = cn_layout_init(&c->layout, m, &c->plan, e);
    if (status != CNAS_OK)
        return status;
    if (terms.he_params != cn_he_params_id(c->layout.params))
        return cn_error(e, CNAS_E_MISMATCH, "the server offers encryption parameters %u where this network and plan need %u",
                        terms.he_params, cn_he_params_id(c->layout.params));
    c->s.max_queue = o->max_queue < terms.max_queue ? o->max_queue : terms.max_queue;
    c->s.max_queries = terms.max_queries;
    return CNAS_OK;
}

static enum cnas_status client_new(struct cnas_client **out, const struct cnas_model *m, struct cn_chan *chan,
                                   const struct cnas_private_options *o, double started, struct cnas_error *err)
{
    struct cnas_private_options options = cn_session_options(o);
    struct cnas_client *c = *out = cn_mem_zalloc(1, sizeof *c);
    if (!c) {
        cn_chan_free(&chan);
        return cn_error(err, CNAS_E_MEMORY, "no memory for a session");
    }
    cn_session_start(&c->s, m, chan, false, started);
    struct cnas_error e = {.status = CNAS_OK};
    enum cnas_status status = agree(c, &options, &e);
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
    cnas_client_free(out);
    return status;
}

enum cnas_status cnas_client_new(struct cnas_client **out, const struct cnas_model *m, int fd,
                                 const unsigned char server_key[CNAS_KEY_BYTES], const struct cnas_private_options *o,
                                 struct cnas_error *err)
{
    double started = cn_clock_s();
    struct cn_chan *chan;
    *out = NULL;
    enum cnas_status status = cn_chan_secure_client(&chan, fd, server_key, cn_session_options(o).deadline_s, err);
    return status == CNAS_OK ? client_new(out, m, chan, o, started, err) : status;
}

enum cnas_status cn_client_over(struct cnas_client **out, const struct cnas_model *m, struct cn_chan *chan,
                                const struct cnas_private_options *o, struct cnas_error *err)
{
    return client_new(out, m, chan, o, cn_clock_s(), err);
}

void cnas_client_free(struct cnas_client **client)
{
    struct cnas_client *c = *client;
    *client = NULL;
    if (!c)
        return;
    if (c->s.state == CN_READY && c->ot) { /* set up, alive, nothing under way */
        const unsigned char bye = CNAS_REQUEST_BYE;
        if (cn_chan_send(c->s.chan, &bye, 1) == CNAS_OK)
            (void)!cn_chan_flush(c->s.chan);
    }
    cn_client_item_clear(&c->making, &c->layout);
    cn_client_item_clear(&c->using, &c->layout);
    for (uint32_t i = 0; c->queue && i < c->s.max_queue; i++)
        cn_client_item_clear(&c->queue[i], &c->layout);
    cn_he_secret_free(&c->secret);
    cn_cot_receiver_free(&c->ot);
    cn_mem_wipe_free(c->masks, c->mask_values * sizeof *c->masks);
    cn_mem_wipe_free(c->share, c->layout.largest_point * sizeof *c->share);
    cn_mem_wipe_free(c->part, c->layout.largest_point * sizeof *c->part);
    cn_mem_free(c->queue);
    cn_mem_free(c->mask_at);
    cn_mem_free(c->message);
    cn_mem_free(c->plan.frac);
    cn_mem_free(c->plan.shift);
    cn_layout_clear(&c->layout);
    cn_session_clear(&c->s);
    cn_mem_free(c);
}

void cnas_client_limits(const struct cnas_client *c, uint32_t *queue, uint64_t *queries)
{
    *queue = c->s.max_queue;
    *queries = c->s.max_queries;
}

const struct cnas_fixed_plan *cnas_client_plan(const struct cnas_client *c)
{
    return &c->plan;
}

void cnas_client_stats(const struct cnas_client *c, struct cnas_private_stats *out)
{
    *out = c->s.stats;
}

const struct cnas_error *cnas_client_error(const struct cnas_client *c)
{
    return cn_session_error(&c->s);
}
