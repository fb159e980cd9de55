/* The server's side: garbles, sends, keeps what decoding needs.
 * Kept from offline to online: a key from which the labels of z_s come again, the permute bits of the outputs, delta.
 * Labels of the client's inputs are the COT outputs themselves: zero label q, active label t = q xor b * delta. That is a
 * free-XOR input encoding with the garbling's delta, so no further message is needed (as in EMP-toolkit). Sound for semi-honest parties:
 *   the client knows t and not delta, of which 127 bits are unknown to it; labels enter the garbling only through H, whose
 *   correlation robustness is defined for inputs x xor delta with x known (ePrint 2019/1168); and the server learns no b
 *   because that is what the COT promises. Bit 0 of t is b itself: the client sees its own input, nothing more. */
#include "runtime/gc/wire.h"

#include "runtime/base/bytes.h"
#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"
#include "runtime/prg/aes.h"

#include <string.h>

struct cn_gc_garbled {
    struct cn_gc_spec spec;
    cn_block delta, server_key;
    uint64_t permute[]; /* padded n */
};

/* Work space of one call. */
struct work {
    struct cn_gc_circuit circuit;
    struct cn_gc_group group;
    struct cn_aes_stream server_labels; /* of the bits of z_s, zero labels */
    size_t table_blocks;                /* of a full group */
    cn_block *server, *rest, *table;    /* parts of buffer */
    size_t buffer_blocks;
    cn_block *buffer;
};

static void work_clear(struct work *w)
{
    if (w->buffer)
        cn_mem_wipe_free(w->buffer, w->buffer_blocks * sizeof *w->buffer);
    cn_mem_wipe(w, sizeof *w);
}

static enum cnas_status work_init(struct work *w, const struct cn_gc_spec *s, cn_block server_key)
{
    memset(w, 0, sizeof *w);
    cn_gc_circuit_make(&w->circuit, s);
    w->group.circuit = &w->circuit;
    w->server_labels.key = server_key;
    w->table_blocks = CN_GC_LANES * cn_gc_table_blocks(&w->circuit);
    size_t server = CN_GC_LANES * s->bits, rest = CN_GC_LANES * cn_gc_rest_wires(&w->circuit);
    w->buffer_blocks = server + rest + w->table_blocks;
    w->buffer = cn_mem_alloc(w->buffer_blocks, sizeof *w->buffer);
    if (!w->buffer)
        return CNAS_E_MEMORY;
    w->server = w->buffer;
    w->rest = w->server + server;
    w->table = w->rest + rest;
    return CNAS_OK;
}

void cn_gc_garbled_free(struct cn_gc_garbled **g)
{
    if (*g)
        cn_mem_wipe_free(*g, sizeof **g + cn_gc_padded((*g)->spec.n) * sizeof(*g)->permute[0]);
    *g = NULL;
}

/* Elements first ... first + count - 1, whose client labels are q. */
static enum cnas_status garble_chunk(struct cn_gc_garbled *g, struct work *w, cn_block *q, size_t first, size_t count,
                                     struct cn_chan *chan)
{
    enum cnas_status status = CNAS_OK;
    for (size_t i = 0; i < count && status == CNAS_OK; i += CN_GC_LANES) {
        size_t lanes = cn_gc_min(CN_GC_LANES, count - i);
        w->group.lanes = lanes;
        cn_aes_stream(&w->server_labels, w->server, lanes * g->spec.bits);
        cn_gc_group_wires(&w->group, q + i * 2 * g->spec.bits, w->server, w->rest);
        cn_gc_garble(&w->group, w->table, g->permute + first + i, g->delta);
        status = cn_chan_send(chan, w->table, lanes * cn_gc_table_blocks(&w->circuit) * sizeof *w->table);
    }
    return status;
}

enum cnas_status cn_gc_garble_offline(struct cn_gc_garbled **out, const struct cn_gc_spec *s, struct cn_cot_sender *ot,
                                      struct cn_chan *chan, struct cn_prg *prg)
{
    *out = NULL;
    if (s->n > CN_GC_N_MAX)
        return CNAS_E_RANGE;
    size_t n = cn_gc_padded(s->n), q_blocks = cn_gc_min(n, CN_GC_CHUNK) * 2 * s->bits;
    struct work w = {.buffer = NULL};
    cn_block *q = cn_mem_alloc(q_blocks, sizeof *q);
    struct cn_gc_garbled *g = cn_mem_zalloc(1, sizeof *g + n * sizeof g->permute[0]);
    enum cnas_status status = CNAS_E_MEMORY;
    if (!q || !g)
        goto out;
    g->spec = *s;
    g->delta = cn_cot_delta(ot);
    cn_prg_bytes(prg, &g->server_key, sizeof g->server_key);
    status = work_init(&w, s, g->server_key);
    if (status != CNAS_OK)
        goto out;
    cn_prg_bytes(prg, &w.group.start, sizeof w.group.start);
    for (size_t first = 0; first < n; first += CN_GC_CHUNK) {
        size_t count = cn_gc_min(CN_GC_CHUNK, n - first);
        status = cn_cot_send(ot, chan, q, count * 2 * s->bits);
        if (status == CNAS_OK && first == 0)
            status = cn_chan_send(chan, &w.group.start, sizeof w.group.start);
        if (status == CNAS_OK)
            status = garble_chunk(g, &w, q, first, count, chan);
        if (status != CNAS_OK)
            goto out;
    }
    status = cn_chan_flush(chan);
out:
    work_clear(&w);
    if (q)
        cn_mem_wipe_free(q, q_blocks * sizeof *q);
    if (status == CNAS_OK)
        *out = g;
    else
        cn_gc_garbled_free(&g);
    return status;
}

/* Colour bits, decoded. */
static enum cnas_status receive_outputs(const struct cn_gc_garbled *g, uint64_t *masked, struct cn_chan *chan)
{
    unsigned char packed[CN_GC_COLOURS * sizeof(uint64_t)];
    for (size_t i = 0; i < g->spec.n; i += CN_GC_COLOURS) {
        size_t count = cn_gc_min(CN_GC_COLOURS, g->spec.n - i);
        enum cnas_status status = cn_chan_recv(chan, packed, cn_packed_size(count, g->spec.bits));
        if (status != CNAS_OK)
            return status;
        if (cn_unpack_bits(masked + i, packed, count, g->spec.bits) != 0)
            return cn_chan_violation(chan, "the colour bits of a garbled layer have bits set in the padding");
        for (size_t k = i; k < i + count; k++)
            masked[k] ^= g->permute[k];
    }
    return CNAS_OK;
}

enum cnas_status cn_gc_garble_online(struct cn_gc_garbled **g_in, uint64_t *masked, const uint64_t *z_s, struct cn_chan *chan)
{
    struct cn_gc_garbled *g = *g_in;
    cn_require(g);
    *g_in = NULL; /* used once, whatever happens */
    const unsigned bits = g->spec.bits;
    struct work w;
    enum cnas_status status = work_init(&w, &g->spec, g->server_key);
    size_t n = cn_gc_padded(g->spec.n);
    for (size_t i = 0; i < n && status == CNAS_OK; i += CN_GC_LANES) {
        size_t lanes = cn_gc_min(CN_GC_LANES, n - i);
        uint64_t value[CN_GC_LANES];
        for (size_t k = 0; k < lanes; k++)
            value[k] = i + k < g->spec.n ? z_s[i + k] : 0;
        cn_aes_stream(&w.server_labels, w.server, lanes * bits);
        for (unsigned bit = 0; bit < bits; bit++) {
            cn_block *label = w.server + bit * lanes;
            for (size_t k = 0; k < lanes; k++)
                label[k] = cn_block_xor(label[k], cn_block_times(value[k] >> bit & 1, g->delta));
        }
        status = cn_chan_send(chan, w.server, lanes * bits * sizeof *w.server);
        cn_mem_wipe(value, sizeof value);
    }
    if (status == CNAS_OK)
        status = cn_chan_flush(chan);
    if (status == CNAS_OK)
        status = receive_outputs(g, masked, chan);
    if (status != CNAS_OK)
        cn_mem_wipe(masked, g->spec.n * sizeof *masked);
    work_clear(&w);
    cn_gc_garbled_free(&g);
    return status;
}
