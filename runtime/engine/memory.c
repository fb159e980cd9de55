/* Lives of values, gradients and scratch, and their places.
 *
 * Times: unit i runs forward at i + 1; the loss comes after the last; backward of unit i is at 2 units + 1 - i.
 * A sum may write over an operand that nobody reads later; in backward the gradient of an operand may take the place of the
 * gradient of the result, which is read for the last time then. */
#include "runtime/engine/memory.h"

#include <string.h>
#include <sys/mman.h>

#include "runtime/base/mem.h"
#include "runtime/engine/place.h"

enum { NO = -1 };

struct planner {
    const struct cn_engine_graph *g;
    const struct cn_engine_memory_want *want;
    struct cn_engine_interval *at;
    uint8_t *kind;
    uint32_t n;
    uint8_t *remade; /* per value */
    int32_t *act, *again, *grad, *more, *signs, *temp, *scratch, *scratch_back; /* intervals */
};

static uint32_t forward(uint32_t unit)
{
    return unit + 1;
}

static uint32_t loss(const struct cn_engine_graph *g)
{
    return g->n_units + 1;
}

static uint32_t backward(const struct cn_engine_graph *g, uint32_t unit)
{
    return 2 * g->n_units + 1 - unit;
}

size_t cn_engine_value_bytes(const struct cn_engine_value *v, enum cn_engine_type type)
{
    return v->blocked ? cn_engine_elements(v->map) * cn_engine_type_size(type) : (size_t)v->map.c * v->map.h * v->map.w * sizeof(float);
}

int cn_engine_wants_signs(const struct cn_engine_graph *g, const struct cn_engine_unit *u)
{
    return !g->values[u->y].is_virtual && u->kind == CN_ENGINE_SUM && u->wants && u->relu && (!u->norm[0] || (u->n_x == 2 && !u->norm[1]));
}

int cn_engine_reads_result(const struct cn_engine_unit *u)
{
    return u->wants && u->kind == CN_ENGINE_KERNEL && u->layer->op == CNAS_OP_RELU;
}

int cn_engine_reads_again(const struct cn_engine_graph *g, const struct cn_engine_unit *u, uint32_t i)
{
    if (!u->wants)
        return 0;
    switch (u->kind) {
    case CN_ENGINE_CONV:
        return 1;
    case CN_ENGINE_SUM:
        return u->norm[i] || g->values[u->y].is_virtual; /* its ReLU's mask */
    case CN_ENGINE_POOL:
        return u->layer->op == CNAS_OP_MAX_POOL;
    case CN_ENGINE_KERNEL:
        switch (u->layer->op) {
        case CNAS_OP_CONV:
        case CNAS_OP_LINEAR:
        case CNAS_OP_BATCH_NORM:
        case CNAS_OP_MAX_POOL:
        case CNAS_OP_SQUARE:
        case CNAS_OP_POLY2:
            return 1;
        default:
            return 0;
        }
    default:
        return 0;
    }
}

static int32_t add(struct planner *p, size_t bytes, uint32_t first, uint32_t last, int kind)
{
    p->at[p->n] = (struct cn_engine_interval){.bytes = bytes, .first = first, .last = last};
    p->kind[p->n] = (uint8_t)kind;
    return (int32_t)p->n++;
}

static void reach(struct planner *p, int32_t i, uint32_t time)
{
    if (p->at[i].last < time)
        p->at[i].last = time;
}

static size_t bytes_of(const struct planner *p, int32_t v)
{
    return cn_engine_value_bytes(&p->g->values[v], p->want->type) * p->want->batch;
}

/* A unit that makes its result from a batch norm's operand, which backward needs anyway, and from another such or a residual. These must be
 * kept, not made again themselves: their own turn comes later. */
static void find_remade(struct planner *p)
{
    const struct cn_engine_graph *g = p->g;
    for (uint32_t i = 0; i < g->n_units; i++) {
        const struct cn_engine_unit *u = &g->units[i];
        p->remade[u->y] = !g->values[u->y].is_virtual && p->want->training && p->want->remake && u->kind == CN_ENGINE_SUM && u->wants && u->norm[0] &&
                          !p->remade[u->x[0].value] && (u->n_x == 1 || !p->remade[u->x[1].value]);
    }
}

/* Sets act and again: when values are made and read. */
static void live_values(struct planner *p, uint8_t *remake)
{
    const struct cn_engine_graph *g = p->g;
    for (uint32_t v = 1; v < g->n_values; v++)
        if (!g->values[v].is_virtual)
            p->act[v] = add(p, bytes_of(p, (int32_t)v), forward((uint32_t)g->values[v].unit), forward((uint32_t)g->values[v].unit),
                            CN_ENGINE_BYTES_ACT);
    for (uint32_t i = 0; i < g->n_units; i++)
        for (uint32_t j = 0; j < g->units[i].n_x; j++) {
            const int32_t v = cn_engine_source(g, g->units[i].x[j].value);
            if (v)
                reach(p, p->act[v], forward(i));
        }
    if (g->logits)
        reach(p, p->act[g->logits], loss(g));
    if (!p->want->training)
        return;
    for (uint32_t i = g->n_units; i-- > 0;) { /* in the order of backward */
        const struct cn_engine_unit *u = &g->units[i];
        if (cn_engine_reads_result(u))
            reach(p, p->act[u->y], backward(g, i));
        for (uint32_t j = 0; j < u->n_x; j++) {
            const int32_t v = cn_engine_source(g, u->x[j].value), behind = g->values[u->x[j].value].behind;
            if (behind == (int32_t)i) /* read by whoever made it */
                reach(p, p->act[v], backward(g, (uint32_t)g->values[v].unit));
            if (!v || !cn_engine_reads_again(g, u, j))
                continue;
            if (!p->remade[v]) {
                reach(p, p->act[v], backward(g, i));
            } else if (p->again[v] == NO) {
                const struct cn_engine_unit *maker = &g->units[g->values[v].unit];
                p->again[v] = add(p, bytes_of(p, v), backward(g, i), backward(g, i), CN_ENGINE_BYTES_ACT);
                if (maker->n_x == 2)
                    reach(p, p->act[cn_engine_source(g, maker->x[1].value)], backward(g, i));
                remake[i] |= (uint8_t)(1u << j);
            } else {
                reach(p, p->again[v], backward(g, i));
            }
        }
    }
}

/* A sum over an operand that is dead afterwards. Intervals of operands and result become one. */
static void sums_in_place(struct planner *p)
{
    const struct cn_engine_graph *g = p->g;
    for (uint32_t i = 0; i < g->n_units; i++) {
        const struct cn_engine_unit *u = &g->units[i];
        for (uint32_t j = 0; u->kind == CN_ENGINE_SUM && !g->values[u->y].is_virtual && j < u->n_x; j++) {
            const int32_t x = p->act[u->x[j].value];
            if (p->at[x].last != forward(i))
                continue;
            const int32_t y = p->act[u->y];
            reach(p, x, p->at[y].last);
            p->at[y].bytes = 0; /* nobody's any more */
            p->act[u->y] = x;
            break;
        }
    }
}

/* The operand of a sum whose gradient takes the place of the result's; n_x: none. If there is a batch norm, its own first pass may write
 * the gradient of the other branch while that of the result is still read. Where a gradient behind the sum is not in memory, that of the
 * result is read once more. */
static uint32_t heir(const struct cn_engine_graph *g, const struct cn_engine_unit *u)
{
    if (u->kind != CN_ENGINE_SUM)
        return u->n_x;
    for (uint32_t j = 0; j < u->n_x && cn_engine_sum_gradient(u) == u->y; j++)
        if (g->values[u->x[j].value].behind != CN_ENGINE_NONE)
            return u->n_x;
    for (uint32_t j = 0; j < u->n_x; j++)
        if (u->x[j].pass == CN_ENGINE_PASS_WRITE && (u->norm[j] || !u->norm[0]))
            return j;
    return u->n_x;
}

static void live_gradients(struct planner *p)
{
    const struct cn_engine_graph *g = p->g;
    if (g->values[g->logits].wants)
        p->grad[g->logits] = add(p, bytes_of(p, g->logits), loss(g), loss(g), CN_ENGINE_BYTES_GRAD);
    for (uint32_t i = g->n_units; i-- > 0;) {
        const struct cn_engine_unit *u = &g->units[i];
        const uint32_t now = backward(g, i), inherits = heir(g, u);
        if (!u->wants)
            continue;
        const int32_t behind = g->values[u->y].behind;
        reach(p, p->grad[behind == CN_ENGINE_NONE ? u->y : cn_engine_sum_gradient(&g->units[behind])], now);
        if (p->more[u->y] != NO)
            reach(p, p->more[u->y], now);
        for (uint32_t j = 0; j < u->n_x; j++) {
            const int32_t v = u->x[j].value;
            if (g->values[v].behind == (int32_t)i)
                continue;
            if (u->x[j].pass == CN_ENGINE_PASS_WRITE)
                p->grad[v] = j == inherits ? p->grad[u->y] : add(p, bytes_of(p, v), now, now, CN_ENGINE_BYTES_GRAD);
            else if (u->x[j].pass == CN_ENGINE_PASS_MORE)
                p->more[v] = add(p, bytes_of(p, v), now, now, CN_ENGINE_BYTES_GRAD);
            else if (u->x[j].pass == CN_ENGINE_PASS_TEMP)
                p->temp[i] = add(p, bytes_of(p, v), now, now, CN_ENGINE_BYTES_SCRATCH);
        }
    }
}

static void live_scratch(struct planner *p)
{
    const struct cn_engine_graph *g = p->g;
    for (uint32_t i = 0; i < g->n_units; i++) {
        const struct cn_engine_unit *u = &g->units[i];
        if (p->want->training && cn_engine_wants_signs(g, u))
            p->signs[i] = add(p, cn_engine_elements(g->values[u->y].map) / 8 * p->want->batch, forward(i), backward(g, i), CN_ENGINE_BYTES_ACT);
        if (!p->want->scratch[i])
            continue;
        p->scratch[i] = add(p, p->want->scratch[i], forward(i), forward(i), CN_ENGINE_BYTES_SCRATCH);
        if (p->want->training && u->wants)
            p->scratch_back[i] = add(p, p->want->scratch[i], backward(g, i), backward(g, i), CN_ENGINE_BYTES_SCRATCH);
    }
}

/* What is alive at the fullest time, by kind. */
static void find_peak(const struct planner *p, size_t *peak)
{
    size_t most = 0;
    for (uint32_t t = 0; t <= 2 * p->g->n_units + 1; t++) {
        size_t now[CN_ENGINE_BYTES_KINDS] = {0}, all = 0;
        for (uint32_t i = 0; i < p->n; i++)
            if (p->at[i].first <= t && t <= p->at[i].last) {
                now[p->kind[i]] += p->at[i].bytes;
                all += p->at[i].bytes;
            }
        if (all > most) {
            most = all;
            memcpy(peak, now, sizeof now);
        }
    }
}

static enum cnas_status take(struct cn_engine_places *p, const struct cn_engine_places *host)
{
    if (!p->size)
        return CNAS_OK;
    if (host && host->size >= p->size) {
        p->base = host->base;
        p->is_guest = 1;
        return CNAS_OK;
    }
    void *at = mmap(NULL, p->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        return CNAS_E_MEMORY;
#ifdef MADV_HUGEPAGE
    (void)madvise(at, p->size, MADV_HUGEPAGE); /* a hint: works without */
#endif
    p->base = at;
    return CNAS_OK;
}

static void *address(const struct cn_engine_places *p, const struct planner *k, int32_t interval)
{
    return interval == NO ? NULL : (char *)p->base + k->at[interval].offset;
}

static void set_addresses(struct cn_engine_places *p, const struct planner *k)
{
    const struct cn_engine_graph *g = k->g;
    for (uint32_t v = 0; v < g->n_values; v++) {
        p->act[v] = address(p, k, k->act[v]);
        p->again[v] = address(p, k, k->again[v]);
        p->grad[v] = address(p, k, k->grad[v]);
        p->more[v] = address(p, k, k->more[v]);
    }
    for (uint32_t i = 0; i < g->n_units; i++) {
        p->signs[i] = address(p, k, k->signs[i]);
        p->temp[i] = address(p, k, k->temp[i]);
        p->scratch[i] = address(p, k, k->scratch[i]);
        p->scratch[g->n_units + i] = address(p, k, k->scratch_back[i]);
    }
}

static enum cnas_status plan(struct planner *k, struct cn_engine_places *p)
{
    find_remade(k);
    live_values(k, p->remake);
    sums_in_place(k);
    if (k->want->training)
        live_gradients(k);
    live_scratch(k);
    find_peak(k, p->peak);
    CNAS_TRY(cn_engine_place(&p->size, k->at, k->n));
    CNAS_TRY(take(p, k->want->host));
    set_addresses(p, k);
    return CNAS_OK;
}

enum cnas_status cn_engine_places_new(struct cn_engine_places *p, const struct cn_engine_graph *g, const struct cn_engine_memory_want *want)
{
    const size_t values = g->n_values, units = g->n_units;
    struct planner k = {.g = g, .want = want};
    int32_t **const maps[] = {&k.act, &k.again, &k.grad, &k.more, &k.signs, &k.temp, &k.scratch, &k.scratch_back};
    void ***const tables[] = {&p->act, &p->again, &p->grad, &p->more, &p->signs, &p->temp, &p->scratch};
    const size_t most = 4 * values + 4 * units;
    enum cnas_status status = CNAS_E_MEMORY;
    *p = (struct cn_engine_places){0};
    int32_t *all = cn_mem_alloc(8 * (values + units), sizeof *all);
    k.at = cn_mem_zalloc(most, sizeof *k.at);
    k.kind = cn_mem_zalloc(most, 1);
    k.remade = cn_mem_zalloc(values, 1);
    p->act = cn_mem_zalloc(8 * (values + units), sizeof(void *));
    p->remake = cn_mem_zalloc(units, 1);
    if (all && k.at && k.kind && k.remade && p->act && p->remake) {
        for (size_t i = 0; i < 8 * (values + units); i++)
            all[i] = NO;
        for (size_t i = 0; i < 8; i++)
            *maps[i] = all + i * (values + units);
        void **const table = p->act;
        for (size_t i = 0; i < 7; i++) /* the last has two halves: forward and backward */
            *tables[i] = table + i * (values + units);
        status = plan(&k, p);
    }
    cn_mem_free(all);
    cn_mem_free(k.at);
    cn_mem_free(k.kind);
    cn_mem_free(k.remade);
    if (status)
        cn_engine_places_clear(p);
    return status;
}

void cn_engine_places_clear(struct cn_engine_places *p)
{
    if (p->base && !p->is_guest)
        munmap(p->base, p->size);
    cn_mem_free(p->act);
    cn_mem_free(p->remake);
    *p = (struct cn_engine_places){0};
}
