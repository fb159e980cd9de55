/* Packed weights: a list of orders, each filled by a reorder of oneDNN from rows of floats, and those of our own kernels. */
#include "runtime/engine/conv_packs.h"

#include <string.h>

#include "runtime/base/mem.h"
#include "runtime/engine/conv_way.h"
#include "runtime/engine/wino.h"
#include "runtime/kernel/ctx.h"

struct cn_engine_conv_packs {
    const float *w, *bias;
    float *wide_bias;
    size_t bias_floats, bytes;
    struct cn_engine_conv_pack *first;
    struct wino_pack {
        struct cnas_conv_shape run;
        unsigned users;
        float *data;
    } wino[2]; /* the second for mirrored weights */
};

static size_t kernel(struct cn_engine_conv_dims d)
{
    return (size_t)d.kh * d.kw;
}

static size_t floats(struct cn_engine_conv_dims d)
{
    return (size_t)d.groups * d.out * d.in * kernel(d);
}

void cn_engine_conv_widen(float *to, struct cn_engine_conv_dims wide, const float *from, struct cn_engine_conv_dims narrow)
{
    memset(to, 0, floats(wide) * sizeof *to);
    for (size_t g = 0; g < narrow.groups; g++)
        for (size_t o = 0; o < narrow.out; o++)
            memcpy(to + (g * wide.out + o) * wide.in * kernel(wide), from + (g * narrow.out + o) * narrow.in * kernel(narrow),
                   narrow.in * kernel(narrow) * sizeof *to);
}

void cn_engine_conv_narrow(float *to, struct cn_engine_conv_dims narrow, const float *from, struct cn_engine_conv_dims wide)
{
    for (size_t g = 0; g < narrow.groups; g++)
        for (size_t o = 0; o < narrow.out; o++)
            memcpy(to + (g * narrow.out + o) * narrow.in * kernel(narrow), from + (g * wide.out + o) * wide.in * kernel(wide),
                   narrow.in * kernel(narrow) * sizeof *to);
}

#ifdef HAVE_DNNL

struct cn_engine_conv_pack {
    const struct cn_engine_dnnl *dnnl;
    dnnl_memory_desc_t order;
    struct cn_engine_conv_dims wide, real;
    dnnl_memory_desc_t rows_order;
    dnnl_primitive_t reorder;
    size_t rows_at, bytes; /* the packed weights, then, unless the layer's own will do, rows of floats with surplus zeros */
    void *kept;            /* both; NULL: in the caller's scratch */
    unsigned users;
    struct cn_engine_conv_pack *next;
};

static int same(struct cn_engine_conv_dims a, struct cn_engine_conv_dims b)
{
    return a.groups == b.groups && a.out == b.out && a.in == b.in;
}

int cn_engine_conv_plain_order(const struct cn_engine_dnnl *d, dnnl_memory_desc_t *order, struct cn_engine_conv_dims dims)
{
    const dnnl_dims_t all = {dims.groups, dims.out, dims.in, dims.kh, dims.kw};
    const int grouped = dims.groups > 1;
    return d->memory_desc_init_by_tag(order, 4 + grouped, grouped ? all : all + 1, dnnl_f32, grouped ? dnnl_goihw : dnnl_oihw) ==
           dnnl_success;
}

static void free_pack(struct cn_engine_conv_pack *p)
{
    if (p->reorder)
        p->dnnl->primitive_destroy(p->reorder);
    cn_mem_free(p->kept);
    cn_mem_free(p);
}

static enum cnas_status prepare(struct cn_engine_conv_pack *p, int kept)
{
    const struct cn_engine_dnnl *d = p->dnnl;
    dnnl_primitive_desc_t description;
    p->rows_at = cn_engine_conv_round(d->memory_desc_get_size(&p->order));
    p->bytes = p->rows_at + (same(p->wide, p->real) ? 0 : cn_engine_conv_round(floats(p->wide) * sizeof(float)));
    if (kept && !(p->kept = cn_mem_alloc(p->bytes, 1)))
        return CNAS_E_MEMORY;
    if (!cn_engine_conv_plain_order(d, &p->rows_order, p->wide))
        return CNAS_E_RANGE;
    CNAS_TRY(cn_engine_dnnl_status(d->reorder_primitive_desc_create(&description, &p->rows_order, d->engine, &p->order, d->engine, NULL)));
    const dnnl_status_t status = d->primitive_create(&p->reorder, description);
    d->primitive_desc_destroy(description);
    return cn_engine_dnnl_status(status);
}

static void fill(const struct cn_engine_conv_pack *p, struct cnas_ctx *ctx, const float *w, void *data)
{
    const struct cn_engine_dnnl *d = p->dnnl;
    dnnl_memory_t from = NULL, to = NULL;
    float *rows = (float *)w;
    if (p->bytes > p->rows_at) {
        rows = (float *)(void *)((char *)data + p->rows_at);
        cn_engine_conv_widen(rows, p->wide, w, p->real);
    }
    const int threads = cn_engine_dnnl_alone(d);
    int good = d->memory_create(&from, &p->rows_order, d->engine, rows) == dnnl_success &&
               d->memory_create(&to, &p->order, d->engine, data) == dnnl_success;
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
    if (!good || d->primitive_execute(p->reorder, d->stream, 2, arguments) != dnnl_success || d->stream_wait(d->stream) != dnnl_success)
        cn_kernel_out_of_memory(ctx);
    cn_engine_dnnl_as_before(d, threads);
    if (to)
        d->memory_destroy(to);
    if (from)
        d->memory_destroy(from);
}

enum cnas_status cn_engine_conv_pack_take(struct cn_engine_conv_pack **out, struct cn_engine_conv_packs *packs,
                                          const struct cn_engine_dnnl *dnnl, struct cnas_ctx *ctx,
                                          const dnnl_memory_desc_t *order, struct cn_engine_conv_dims wide,
                                          struct cn_engine_conv_dims real, int kept)
{
    struct cn_engine_conv_pack *p;
    *out = NULL;
    for (p = packs->first; p; p = p->next)
        if (dnnl->memory_desc_equal(&p->order, order)) {
            p->users++;
            *out = p;
            return CNAS_OK;
        }
    p = cn_mem_zalloc(1, sizeof *p);
    if (!p)
        return CNAS_E_MEMORY;
    *p =
        (struct cn_engine_conv_pack){.dnnl = dnnl, .order = *order, .wide = wide, .real = real, .users = 1, .next = packs->first};
    const enum cnas_status status = prepare(p, kept);
    if (status) {
        free_pack(p);
        return status;
    }
    packs->first = p;
    packs->bytes += kept ? p->bytes : 0;
    if (packs->w && kept)
        fill(p, ctx, packs->w, p->kept);
    *out = p;
    return CNAS_OK;
}

void cn_engine_conv_pack_give_back(struct cn_engine_conv_packs *packs, struct cn_engine_conv_pack *pack)
{
    if (!pack || --pack->users)
        return;
    struct cn_engine_conv_pack **p = &packs->first;
    while (*p != pack)
        p = &(*p)->next;
    *p = pack->next;
    packs->bytes -= pack->kept ? pack->bytes : 0;
    free_pack(pack);
}

void *cn_engine_conv_pack_data(const struct cn_engine_conv_pack *p, const struct cn_engine_conv_packs *packs, struct cnas_ctx *ctx, void *scratch)
{
    if (p->kept)
        return p->kept;
    fill(p, ctx, packs->w, scratch);
    return scratch;
}

size_t cn_engine_conv_pack_scratch(const struct cn_engine_conv_pack *p)
{
    return p->kept ? 0 : p->bytes;
}

struct filling {
    struct cn_engine_conv_packs *packs;
    struct cnas_ctx *ctx;
};

static void fill_chunk(void *job, size_t i, float *own)
{
    const struct filling *f = job;
    struct cn_engine_conv_pack *p = f->packs->first;
    (void)own;
    while (i--)
        p = p->next;
    if (p->kept)
        fill(p, f->ctx, f->packs->w, p->kept);
}

static void fill_all(struct cn_engine_conv_packs *packs, struct cnas_ctx *ctx)
{
    size_t count = 0;
    for (const struct cn_engine_conv_pack *p = packs->first; p; p = p->next)
        count++;
    cn_kernel_run(ctx, count, fill_chunk, &(struct filling){packs, ctx});
}

#else

static void fill_all(struct cn_engine_conv_packs *packs, struct cnas_ctx *ctx)
{
    (void)packs;
    (void)ctx;
}

#endif

enum cnas_status cn_engine_conv_packs_new(struct cn_engine_conv_packs **out, size_t bias)
{
    struct cn_engine_conv_packs *packs = *out = cn_mem_zalloc(1, sizeof *packs);
    if (!packs)
        return CNAS_E_MEMORY;
    packs->bias_floats = bias;
    packs->bytes = bias * sizeof(float);
    packs->wide_bias = cn_mem_zalloc(bias, sizeof(float));
    if (!packs->wide_bias)
        cn_engine_conv_packs_free(out);
    return *out ? CNAS_OK : CNAS_E_MEMORY;
}

void cn_engine_conv_packs_free(struct cn_engine_conv_packs **packs)
{
    if (!*packs)
        return;
    cn_mem_free((*packs)->wide_bias);
    cn_mem_free(*packs);
    *packs = NULL;
}

void cn_engine_conv_packs_weights(struct cn_engine_conv_packs *packs, struct cnas_ctx *ctx, const float *w, const float *bias,
                                  size_t k)
{
    packs->w = w;
    packs->bias = bias;
    if (!w)
        return;
    if (packs->bias_floats)
        memcpy(packs->wide_bias, bias, k * sizeof *bias);
    fill_all(packs, ctx);
    for (int mirrored = 0; mirrored < 2; mirrored++)
        if (packs->wino[mirrored].users)
            cn_engine_wino_pack(ctx, packs->wino[mirrored].data, w, mirrored, &packs->wino[mirrored].run);
}

const float *cn_engine_conv_packs_wino_take(struct cn_engine_conv_packs *packs, struct cnas_ctx *ctx, const struct cnas_conv_shape *run,
                                            int mirrored)
{
    struct wino_pack *p = &packs->wino[mirrored];
    if (!p->users) {
        const size_t count = cn_engine_wino_weights(run);
        p->run = *run;
        p->data = cn_mem_alloc(count, sizeof *p->data);
        if (!p->data)
            return NULL;
        packs->bytes += count * sizeof *p->data;
        if (packs->w)
            cn_engine_wino_pack(ctx, p->data, packs->w, mirrored, run);
    }
    p->users++;
    return p->data;
}

void cn_engine_conv_packs_wino_give_back(struct cn_engine_conv_packs *packs, int mirrored)
{
    struct wino_pack *p = &packs->wino[mirrored];
    if (--p->users)
        return;
    packs->bytes -= cn_engine_wino_weights(&p->run) * sizeof *p->data;
    cn_mem_free(p->data);
    p->data = NULL;
}

const float *cn_engine_conv_packs_w(const struct cn_engine_conv_packs *packs)
{
    return packs->w;
}

const float *cn_engine_conv_packs_plain_bias(const struct cn_engine_conv_packs *packs)
{
    return packs->bias;
}

float *cn_engine_conv_packs_bias(struct cn_engine_conv_packs *packs)
{
    return packs->wide_bias;
}

size_t cn_engine_conv_packs_bytes(const struct cn_engine_conv_packs *packs)
{
    return packs->bytes;
}
