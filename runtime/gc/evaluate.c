/* The client's side: chooses its labels, keeps the tables, evaluates once the server's labels are there, returns colours.
 * The colours tell it nothing: the permute bits of the outputs stay with the server. */
#include "runtime/gc/wire.h"

#include "runtime/base/bytes.h"
#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"

#include <string.h>

struct cn_gc_evaluable {
    struct cn_gc_spec spec;
    struct cn_gc_circuit circuit;
    cn_block start;
    size_t labels, tables; /* blocks of each */
    cn_block *label;       /* of z_c and r: active */
    cn_block *table;
};

void cn_gc_evaluable_free(struct cn_gc_evaluable **e)
{
    if (*e) {
        if ((*e)->label)
            cn_mem_wipe_free((*e)->label, (*e)->labels * sizeof *(*e)->label);
        if ((*e)->table)
            cn_mem_wipe_free((*e)->table, (*e)->tables * sizeof *(*e)->table);
        cn_mem_wipe_free(*e, sizeof **e);
    }
    *e = NULL;
}

/* Choice bits of elements first ... first + count - 1: for each group 2l words of `lanes` bits. count is a multiple of 4, so
 * every group fills whole bytes. */
static void pack_choices(unsigned char *out, const struct cn_gc_spec *s, const uint64_t *z_c, const uint64_t *r, size_t first,
                         size_t count)
{
    uint64_t word[2 * 64];
    for (size_t i = 0; i < count; i += CN_GC_LANES) {
        size_t lanes = cn_gc_min(CN_GC_LANES, count - i);
        memset(word, 0, sizeof word);
        for (size_t k = 0; k < lanes && first + i + k < s->n; k++) {
            for (unsigned bit = 0; bit < s->bits; bit++) {
                word[bit] |= (z_c[first + i + k] >> bit & 1) << k;
                word[s->bits + bit] |= (r[first + i + k] >> bit & 1) << k;
            }
        }
        cn_pack_bits(out, word, 2 * s->bits, (unsigned)lanes);
        out += 2 * s->bits * lanes / 8;
    }
    cn_mem_wipe(word, sizeof word);
}

/* Sizes come from the public specification; the peer announces none. */
static enum cnas_status evaluable_new(struct cn_gc_evaluable **out, const struct cn_gc_spec *s)
{
    *out = NULL;
    if (s->n > CN_GC_N_MAX)
        return CNAS_E_RANGE;
    struct cn_gc_evaluable *e = cn_mem_zalloc(1, sizeof *e);
    if (!e)
        return CNAS_E_MEMORY;
    e->spec = *s;
    cn_gc_circuit_make(&e->circuit, s);
    size_t n = cn_gc_padded(s->n);
    if (!__builtin_mul_overflow(n, 2 * (size_t)s->bits, &e->labels) &&
        !__builtin_mul_overflow(n, cn_gc_table_blocks(&e->circuit), &e->tables)) {
        e->label = cn_mem_alloc(e->labels, sizeof *e->label);
        e->table = cn_mem_alloc(e->tables, sizeof *e->table);
    }
    if (!e->label || !e->table) {
        e->labels = e->label ? e->labels : 0;
        e->tables = e->table ? e->tables : 0;
        cn_gc_evaluable_free(&e);
        return CNAS_E_MEMORY;
    }
    *out = e;
    return CNAS_OK;
}

enum cnas_status cn_gc_evaluate_offline(struct cn_gc_evaluable **out, const struct cn_gc_spec *s, const uint64_t *z_c,
                                        const uint64_t *r, struct cn_cot_receiver *ot, struct cn_chan *chan)
{
    *out = NULL;
    struct cn_gc_evaluable *e;
    enum cnas_status status = evaluable_new(&e, s);
    if (status != CNAS_OK)
        return status;
    size_t n = cn_gc_padded(s->n), choice_bytes = cn_gc_min(n, CN_GC_CHUNK) * 2 * s->bits / 8;
    unsigned char *choices = cn_mem_alloc(choice_bytes, 1);
    if (!choices)
        status = CNAS_E_MEMORY;
    for (size_t first = 0; first < n && status == CNAS_OK; first += CN_GC_CHUNK) {
        size_t count = cn_gc_min(CN_GC_CHUNK, n - first), blocks = cn_gc_table_blocks(&e->circuit);
        pack_choices(choices, s, z_c, r, first, count);
        status = cn_cot_receive(ot, chan, e->label + first * 2 * s->bits, choices, count * 2 * s->bits);
        if (status == CNAS_OK && first == 0)
            status = cn_chan_recv(chan, &e->start, sizeof e->start);
        if (status == CNAS_OK)
            status = cn_chan_recv(chan, e->table + first * blocks, count * blocks * sizeof *e->table);
    }
    if (choices)
        cn_mem_wipe_free(choices, choice_bytes);
    if (status != CNAS_OK)
        cn_gc_evaluable_free(&e);
    *out = e;
    return status;
}

static enum cnas_status send_colours(const struct cn_gc_spec *s, const uint64_t *colour, struct cn_chan *chan)
{
    unsigned char packed[CN_GC_COLOURS * sizeof(uint64_t)];
    enum cnas_status status = CNAS_OK;
    for (size_t i = 0; i < s->n && status == CNAS_OK; i += CN_GC_COLOURS) { /* CN_GC_COLOURS elements fill whole bytes */
        size_t count = cn_gc_min(CN_GC_COLOURS, s->n - i);
        cn_pack_bits(packed, colour + i, count, s->bits);
        status = cn_chan_send(chan, packed, cn_packed_size(count, s->bits));
    }
    return status == CNAS_OK ? cn_chan_flush(chan) : status;
}

enum cnas_status cn_gc_evaluate_online(struct cn_gc_evaluable **e_in, struct cn_chan *chan)
{
    struct cn_gc_evaluable *e = *e_in;
    cn_require(e);
    *e_in = NULL; /* used once, whatever happens */
    const struct cn_gc_spec *s = &e->spec;
    const size_t n = cn_gc_padded(s->n), blocks = cn_gc_table_blocks(&e->circuit);
    const size_t server = CN_GC_LANES * s->bits, buffer_blocks = server + CN_GC_LANES * cn_gc_rest_wires(&e->circuit);
    struct cn_gc_group group = {.circuit = &e->circuit, .start = e->start};
    uint64_t *colour = cn_mem_alloc(n, sizeof *colour);
    cn_block *buffer = cn_mem_alloc(buffer_blocks, sizeof *buffer);
    enum cnas_status status = colour && buffer ? CNAS_OK : CNAS_E_MEMORY;
    for (size_t i = 0; i < n && status == CNAS_OK; i += CN_GC_LANES) {
        group.lanes = cn_gc_min(CN_GC_LANES, n - i);
        status = cn_chan_recv(chan, buffer, group.lanes * s->bits * sizeof *buffer);
        if (status != CNAS_OK)
            break;
        cn_gc_group_wires(&group, e->label + i * 2 * s->bits, buffer, buffer + server);
        cn_gc_evaluate(&group, colour + i, e->table + i * blocks);
    }
    if (status == CNAS_OK)
        status = send_colours(s, colour, chan);
    cn_mem_wipe(&group, sizeof group);
    if (colour)
        cn_mem_wipe_free(colour, n * sizeof *colour);
    if (buffer)
        cn_mem_wipe_free(buffer, buffer_blocks * sizeof *buffer);
    cn_gc_evaluable_free(&e);
    return status;
}
