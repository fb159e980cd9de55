/* One inference on the client, layer by layer; the counterpart of server_run.c. Offline it learns its share z_c of every sum
 * and prepares the garbled activations with it; online it only evaluates them. */
#include "runtime/party/client.h"

#include "runtime/base/bytes.h"
#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"

#include <string.h>

static uint64_t ring_mask(const struct cnas_client *c)
{
    return UINT64_MAX >> (64 - c->layout.ring_bits);
}

/* --- offline --- */

static enum cnas_status send_masks(struct cnas_client *c)
{
    const struct cn_layout *l = &c->layout;
    const unsigned char request = CNAS_REQUEST_OFFLINE;
    cn_session_draw(&c->s.prg, c->masks, c->mask_values, l->ring_bits);
    memcpy(c->making.input_mask, c->masks + c->mask_at[0], l->size[0] * sizeof *c->masks);
    enum cnas_status status = cn_chan_send(c->s.chan, &request, 1);
    for (uint32_t p = 0; p < l->m->n_points && status == CNAS_OK; p++) {
        if (!l->source[p])
            continue;
        status = cn_he_encrypt_map(c->message, c->secret, &l->map[p], c->masks + c->mask_at[p], l->ring_bits, &c->s.prg);
        if (status == CNAS_OK)
            status = cn_chan_send(c->s.chan, c->message, l->map_bytes[p]);
    }
    return status == CNAS_OK ? cn_chan_flush(c->s.chan) : status;
}

enum cnas_status cnas_client_offline_begin(struct cnas_client *c)
{
    const struct cn_layout *l = &c->layout;
    uint64_t queries = c->s.stats.online_runs + c->queue_held;
    enum cnas_status status = cn_session_ready(&c->s);
    if (status != CNAS_OK)
        return status;
    if (c->queue_held == c->s.max_queue)
        return cn_session_leave(&c->s, CNAS_E_RANGE, "no more offline runs can be kept in this session");
    if (c->s.max_queries && queries >= c->s.max_queries)
        return cn_session_leave(&c->s, CNAS_E_RANGE, "the server allows no more inferences in one session");
    status = cn_session_begin(&c->s, CN_OFFLINE);
    if (status != CNAS_OK)
        return status;
    c->making.input_mask = cn_mem_alloc(l->size[0], sizeof *c->making.input_mask);
    c->making.output_share = cn_mem_alloc(l->size[l->m->n_points - 1], sizeof *c->making.output_share);
    c->making.evaluable = cn_mem_zalloc(l->m->n_points, sizeof *c->making.evaluable);
    bool ok = c->making.input_mask && c->making.output_share && c->making.evaluable;
    return cn_session_leave(&c->s, ok ? send_masks(c) : CNAS_E_MEMORY, NULL);
}

enum cnas_status cnas_client_offline_linear(struct cnas_client *c, uint32_t point)
{
    enum cnas_status status = cn_session_step(&c->s, CN_OFFLINE, CN_LINEAR, point);
    if (status != CNAS_OK)
        return status;
    const struct cn_layout *l = &c->layout;
    size_t n = l->size[point];
    uint64_t mask = ring_mask(c);
    memset(c->share, 0, n * sizeof *c->share);
    for (uint32_t i = l->first_reply[point]; i < l->first_reply[point + 1] && status == CNAS_OK; i++) {
        const struct cn_reply *r = &l->reply[i];
        status = cn_chan_recv(c->s.chan, c->message, r->bytes);
        if (status != CNAS_OK)
            break;
        status = cn_he_reply_open(c->part, c->secret, &l->shape[l->reply_terms[r->first]], c->message, r->bytes, l->ring_bits);
        if (status == CNAS_E_PROTOCOL)
            status = cn_chan_violation(c->s.chan, "a malformed encrypted share");
        for (size_t k = 0; k < n && status == CNAS_OK; k++)
            c->share[k] = (c->share[k] + c->part[k]) & mask;
    }
    cn_mem_wipe(c->part, n * sizeof *c->part);
    if (status == CNAS_OK && l->m->points[point].kind == CNAS_POINT_OUTPUT)
        memcpy(c->making.output_share, c->share, n * sizeof *c->share);
    return cn_session_leave(&c->s, status, NULL);
}

enum cnas_status cnas_client_offline_activate(struct cnas_client *c, uint32_t point)
{
    enum cnas_status status = cn_session_step(&c->s, CN_OFFLINE, CN_ACTIVATE, point);
    if (status != CNAS_OK)
        return status;
    struct cn_gc_spec spec = cn_layout_spec(&c->layout, &c->plan, point);
    status = cn_gc_evaluate_offline(&c->making.evaluable[point], &spec, c->share, c->masks + c->mask_at[point], c->ot, c->s.chan);
    return cn_session_leave(&c->s, status, NULL);
}

enum cnas_status cnas_client_offline_end(struct cnas_client *c)
{
    enum cnas_status status = cn_session_step(&c->s, CN_OFFLINE, CN_END, c->layout.m->n_points - 1);
    if (status != CNAS_OK)
        return status;
    cn_mem_wipe(c->masks, c->mask_values * sizeof *c->masks);
    cn_mem_wipe(c->share, c->layout.largest_point * sizeof *c->share);
    c->queue[(c->queue_first + c->queue_held++) % c->s.max_queue] = c->making;
    c->making = (struct cn_client_item){NULL, NULL, NULL};
    c->s.stats.offline_runs++;
    cn_session_finish(&c->s, &c->s.stats.offline);
    return CNAS_OK;
}

/* --- online --- */

enum cnas_status cnas_client_online_begin(struct cnas_client *c, const float *image)
{
    const struct cn_layout *l = &c->layout;
    const unsigned char request = CNAS_REQUEST_ONLINE;
    uint64_t mask = ring_mask(c);
    enum cnas_status status = cn_session_begin(&c->s, CN_ONLINE);
    if (status != CNAS_OK)
        return status;
    if (c->queue_held == 0)
        cn_misuse("an inference needs an offline run made before");
    struct cn_client_item *next = &c->queue[c->queue_first];
    c->using = *next; /* from here on nobody can use it again */
    *next = (struct cn_client_item){NULL, NULL, NULL};
    c->queue_first = (c->queue_first + 1) % c->s.max_queue;
    c->queue_held--;

    cnas_fixed_input(c->part, image, l->m, &c->plan);
    for (size_t i = 0; i < l->size[0]; i++)
        c->part[i] = (c->part[i] - c->using.input_mask[i]) & mask;
    cn_mem_wipe(c->using.input_mask, l->size[0] * sizeof *c->part);
    cn_pack_bits(c->message, c->part, l->size[0], l->ring_bits);
    status = cn_chan_send(c->s.chan, &request, 1);
    if (status == CNAS_OK)
        status = cn_chan_send(c->s.chan, c->message, cn_packed_size(l->size[0], l->ring_bits));
    if (status == CNAS_OK)
        status = cn_chan_flush(c->s.chan);
    return cn_session_leave(&c->s, status, NULL);
}

enum cnas_status cnas_client_online_activate(struct cnas_client *c, uint32_t point)
{
    enum cnas_status status = cn_session_step(&c->s, CN_ONLINE, CN_ACTIVATE, point);
    if (status != CNAS_OK)
        return status;
    status = cn_gc_evaluate_online(&c->using.evaluable[point], c->s.chan);
    if (status == CNAS_OK)
        status = cn_chan_flush(c->s.chan);
    return cn_session_leave(&c->s, status, NULL);
}

enum cnas_status cnas_client_online_reveal(struct cnas_client *c, uint32_t point, int64_t *logits)
{
    const struct cn_layout *l = &c->layout;
    enum cnas_status status = cn_session_step(&c->s, CN_ONLINE, CN_REVEAL, point);
    if (status != CNAS_OK)
        return status;
    size_t n = l->size[point];
    status = cn_chan_recv(c->s.chan, c->message, cn_packed_size(n, l->ring_bits));
    if (status == CNAS_OK && cn_unpack_bits(c->part, c->message, n, l->ring_bits) != 0)
        status = cn_chan_violation(c->s.chan, "a malformed share of the result");
    unsigned unused = 64 - l->ring_bits;
    for (size_t i = 0; i < n; i++) /* the sum's l bits, sign-extended */
        logits[i] = status == CNAS_OK ? (int64_t)((c->part[i] + c->using.output_share[i]) << unused) >> unused : 0;
    cn_client_item_clear(&c->using, l);
    if (status != CNAS_OK)
        return cn_session_leave(&c->s, status, NULL);
    c->s.stats.online_runs++;
    cn_session_finish(&c->s, &c->s.stats.online);
    return CNAS_OK;
}
