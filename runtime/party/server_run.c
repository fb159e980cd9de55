/* One inference on the server, layer by layer. With y the value of a point, r its mask (the client's), W the weights:
 *   offline  the server draws s and returns Enc(sum W r - s); the client's share of z is z_c = sum W r - s
 *   online   the server has y - r and computes z_s = sum W (y - r) + bias + s;  z_c + z_s = sum W y + bias
 * then the garbled activation turns (z_c, z_s) into y' - r' for the server. */
#include "runtime/party/server.h"

#include "runtime/base/bytes.h"
#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"

static const struct cn_layout *layout(const struct cnas_server_session *c)
{
    return &c->server->layout;
}

static uint64_t ring_mask(const struct cnas_server_session *c)
{
    return UINT64_MAX >> (64 - layout(c)->ring_bits);
}

static void accept(struct cnas_server_session *c, enum cnas_request request)
{
    if (c->pending != request)
        cn_misuse("this is not what the client asked for");
    c->pending = (enum cnas_request)0;
}

/* --- offline --- */

static enum cnas_status receive_masks(struct cnas_server_session *c)
{
    const struct cn_layout *l = layout(c);
    enum cnas_status status = CNAS_OK;
    for (uint32_t p = 0; p < l->m->n_points && status == CNAS_OK; p++) {
        if (!l->source[p])
            continue;
        status = cn_chan_recv(c->s.chan, c->message, l->map_bytes[p]);
        if (status != CNAS_OK)
            break;
        status = cn_he_ciphers_read(&c->ciphers[p], l->params, &l->map[p], c->message, l->map_bytes[p]);
        if (status == CNAS_E_PROTOCOL)
            status = cn_chan_violation(c->s.chan, "a malformed encrypted mask");
    }
    return status;
}

enum cnas_status cnas_server_offline_begin(struct cnas_server_session *c)
{
    enum cnas_status status = cn_session_begin(&c->s, CN_OFFLINE);
    if (status != CNAS_OK)
        return status;
    accept(c, CNAS_REQUEST_OFFLINE);
    c->making.share = cn_mem_zalloc(cn_server_shares(layout(c)), sizeof *c->making.share);
    c->making.garbled = cn_mem_zalloc(layout(c)->m->n_points, sizeof *c->making.garbled);
    status = c->making.share && c->making.garbled ? receive_masks(c) : CNAS_E_MEMORY;
    return cn_session_leave(&c->s, status, NULL);
}

static enum cnas_status reply(struct cnas_server_session *c, const struct cn_reply *r)
{
    const struct cn_layout *l = layout(c);
    uint64_t *share = c->making.share + c->share_at[r->point], mask = ring_mask(c);
    for (uint32_t i = 0; i < r->n; i++) {
        uint32_t t = l->reply_terms[r->first + i];
        c->shapes[i] = &l->shape[t];
        c->weights[i] = c->server->weights[t];
        c->term_ciphers[i] = c->ciphers[l->m->terms[t].src];
    }
    cn_session_draw(&c->s.prg, c->sum, l->size[r->point], l->ring_bits);
    enum cnas_status status = cn_he_reply(c->message, l->params, c->key, c->shapes, c->weights, c->term_ciphers, r->n, c->sum,
                                          &l->need, &c->s.prg);
    if (status == CNAS_OK)
        status = cn_chan_send(c->s.chan, c->message, r->bytes);
    for (size_t i = 0; i < l->size[r->point]; i++)
        share[i] = (share[i] + c->sum[i]) & mask;
    cn_mem_wipe(c->sum, l->size[r->point] * sizeof *c->sum);
    return status;
}

enum cnas_status cnas_server_offline_linear(struct cnas_server_session *c, uint32_t point)
{
    enum cnas_status status = cn_session_step(&c->s, CN_OFFLINE, CN_LINEAR, point);
    if (status != CNAS_OK)
        return status;
    const struct cn_layout *l = layout(c);
    for (uint32_t i = l->first_reply[point]; i < l->first_reply[point + 1] && status == CNAS_OK; i++)
        status = reply(c, &l->reply[i]);
    if (status == CNAS_OK)
        status = cn_chan_flush(c->s.chan);
    return cn_session_leave(&c->s, status, NULL);
}

enum cnas_status cnas_server_offline_activate(struct cnas_server_session *c, uint32_t point)
{
    enum cnas_status status = cn_session_step(&c->s, CN_OFFLINE, CN_ACTIVATE, point);
    if (status != CNAS_OK)
        return status;
    struct cn_gc_spec spec = cn_layout_spec(layout(c), cnas_fixed_plan(c->server->q), point);
    status = cn_gc_garble_offline(&c->making.garbled[point], &spec, c->ot, c->s.chan, &c->s.prg);
    if (status == CNAS_OK)
        status = cn_chan_flush(c->s.chan);
    return cn_session_leave(&c->s, status, NULL);
}

enum cnas_status cnas_server_offline_end(struct cnas_server_session *c)
{
    enum cnas_status status = cn_session_step(&c->s, CN_OFFLINE, CN_END, layout(c)->m->n_points - 1);
    if (status != CNAS_OK)
        return status;
    cn_server_drop_ciphers(c);
    c->queue[(c->queue_first + c->queue_held++) % c->s.max_queue] = c->making;
    c->making = (struct cn_server_item){NULL, NULL};
    c->s.stats.offline_runs++;
    cn_session_finish(&c->s, &c->s.stats.offline);
    return CNAS_OK;
}

/* --- online --- */

enum cnas_status cnas_server_online_begin(struct cnas_server_session *c)
{
    enum cnas_status status = cn_session_begin(&c->s, CN_ONLINE);
    if (status != CNAS_OK)
        return status;
    accept(c, CNAS_REQUEST_ONLINE);
    const struct cn_layout *l = layout(c);
    size_t n = cn_packed_size(l->size[0], l->ring_bits);
    struct cn_server_item *next = &c->queue[c->queue_first];
    c->using = *next; /* from here on nobody can use it again */
    *next = (struct cn_server_item){NULL, NULL};
    c->queue_first = (c->queue_first + 1) % c->s.max_queue;
    c->queue_held--;
    status = cn_chan_recv(c->s.chan, c->message, n);
    if (status == CNAS_OK && cn_unpack_bits(c->masked, c->message, l->size[0], l->ring_bits) != 0)
        status = cn_chan_violation(c->s.chan, "a malformed masked input");
    return cn_session_leave(&c->s, status, NULL);
}

enum cnas_status cnas_server_online_linear(struct cnas_server_session *c, uint32_t point)
{
    enum cnas_status status = cn_session_step(&c->s, CN_ONLINE, CN_LINEAR, point);
    if (status != CNAS_OK)
        return status;
    uint64_t *share = c->using.share + c->share_at[point], mask = ring_mask(c);
    cn_fixed_segment(c->sum, c->server->q, c->server->m, c->workspace, point, c->values);
    for (size_t i = 0; i < layout(c)->size[point]; i++)
        c->sum[i] = (c->sum[i] + share[i]) & mask;
    return CNAS_OK;
}

enum cnas_status cnas_server_online_activate(struct cnas_server_session *c, uint32_t point)
{
    enum cnas_status status = cn_session_step(&c->s, CN_ONLINE, CN_ACTIVATE, point);
    if (status != CNAS_OK)
        return status;
    uint64_t *masked = c->masked + (c->values[point] - c->masked);
    status = cn_gc_garble_online(&c->using.garbled[point], masked, c->sum, c->s.chan);
    return cn_session_leave(&c->s, status, NULL);
}

enum cnas_status cnas_server_online_reveal(struct cnas_server_session *c, uint32_t point)
{
    enum cnas_status status = cn_session_step(&c->s, CN_ONLINE, CN_REVEAL, point);
    if (status != CNAS_OK)
        return status;
    const struct cn_layout *l = layout(c);
    cn_pack_bits(c->message, c->sum, l->size[point], l->ring_bits);
    status = cn_chan_send(c->s.chan, c->message, cn_packed_size(l->size[point], l->ring_bits));
    if (status == CNAS_OK)
        status = cn_chan_flush(c->s.chan);
    cn_server_item_clear(&c->using, l);
    if (status != CNAS_OK)
        return cn_session_leave(&c->s, status, NULL);
    c->s.stats.online_runs++;
    cn_session_finish(&c->s, &c->s.stats.online);
    return CNAS_OK;
}
