/* oneDNN's ways to convolve, in one thread (conv_split.c has those for several): all its compiled kernels that take blocked values as they
 * are.
 *
 * oneDNN is told that surplus channels are channels like others: their weights are zero, so they come out as zero, no kernel has
 * to treat them apart, and Winograd, which wants whole blocks, fits every number of channels. Its reference loops ("ref:") are
 * never taken: they are hundreds of times slower than what <cnas/kernel.h> has. Left to itself (layout `any`) oneDNN chooses the
 * same kernels in the same blocks, so other layouts are not tried. */
#include "runtime/engine/conv_packs.h"
#include "runtime/engine/conv_way.h"
#include "runtime/kernel/ctx.h"

#ifndef HAVE_DNNL

enum cnas_status cn_engine_conv_dnnl_ways(struct cn_engine_conv_way **list, const struct cn_engine_conv_site *site)
{
    (void)list;
    (void)site;
    return CNAS_OK;
}

#else

#include <stdio.h>
#include <string.h>

#include "runtime/base/mem.h"

/* How x comes to the kernel. */
enum entrance {
    AS_IS,     /* blocked, of the layer's type; or plain floats, if the kernel takes them */
    CONVERTED, /* plain floats become plain bfloat16 */
    PACKED,    /* plain floats become blocks */
    ENTRANCES
};

/* The layer as oneDNN is told it. */
struct told {
    const struct cn_engine_dnnl *dnnl;
    const struct cn_engine_conv_site *site;
    struct cn_engine_conv_dims real, wide;
    dnnl_memory_desc_t x, y, w, dw, bias; /* w, dw: in any order */
    dnnl_memory_desc_t given_x;           /* before it is converted or packed */
    enum entrance entrance;
    dnnl_dims_t stride, dilate, pad;
};

struct dnnl_way {
    struct cn_engine_conv_way way;
    const struct cn_engine_dnnl *dnnl;
    struct cnas_ctx *ctx;
    struct cn_engine_conv_packs *packs;
    enum cn_engine_conv_pass pass;
    int bias;
    size_t k; /* of the real bias */
    struct cn_engine_conv_dims real, wide;
    struct cn_engine_conv_pack *pack;
    dnnl_primitive_t convolution, enter, leave; /* enter: of x; leave: of the gradient of the weights; NULL: nothing to do */
    dnnl_memory_desc_t x, given_x, y, w, dw, rows, bias_order, work, enter_work, leave_work;
    size_t x_at, w_at, dw_at, rows_at, bias_at; /* in the scratch; the kernels' own is at 0 */
};

static int is_narrow(const struct dnnl_way *w)
{
    return w->real.groups != w->wide.groups || w->real.out != w->wide.out || w->real.in != w->wide.in;
}

/* ---- what to tell ---- */

static struct cn_engine_conv_dims real_dims(const struct cnas_conv_shape *s)
{
    return (struct cn_engine_conv_dims){s->groups, s->k / s->groups, s->c / s->groups, s->kh, s->kw};
}

/* With whole blocks. 0: groups that no kernel takes. */
static int widen(struct cn_engine_conv_dims *wide, const struct cnas_conv_shape *s, int plain_x)
{
    const uint32_t block = cn_engine_block();
    *wide = real_dims(s);
    if (s->groups == 1) {
        wide->out = (uint32_t)cn_engine_channels(s->k);
        wide->in = plain_x ? s->c : (uint32_t)cn_engine_channels(s->c);
        return 1;
    }
    if (wide->out == 1 && wide->in == 1) {
        wide->groups = (uint32_t)cn_engine_channels(s->c);
        return !plain_x;
    }
    return !plain_x && wide->out % block == 0 && wide->in % block == 0;
}

static int any_order(const struct cn_engine_dnnl *d, dnnl_memory_desc_t *order, struct cn_engine_conv_dims dims,
                     dnnl_data_type_t type)
{
    const dnnl_dims_t all = {dims.groups, dims.out, dims.in, dims.kh, dims.kw};
    const int grouped = dims.groups > 1;
    return d->memory_desc_init_by_tag(order, 4 + grouped, grouped ? all : all + 1, type, dnnl_format_tag_any) == dnnl_success;
}

static int map_order(const struct cn_engine_dnnl *d, dnnl_memory_desc_t *order, size_t n, size_t c, uint32_t h, uint32_t w,
                     dnnl_data_type_t type, dnnl_format_tag_t tag)
{
    const dnnl_dims_t dims = {(dnnl_dim_t)n, (dnnl_dim_t)c, h, w};
    return d->memory_desc_init_by_tag(order, 4, dims, type, tag) == dnnl_success;
}

static int tell(struct told *t, const struct cn_engine_dnnl *d, const struct cn_engine_conv_site *site, enum entrance entrance)
{
    const struct cn_engine_conv_want *want = site->want;
    const struct cnas_conv_shape *s = &want->shape;
    const dnnl_data_type_t type = want->type == CN_ENGINE_BF16 ? dnnl_bf16 : dnnl_f32;
    const dnnl_format_tag_t blocked = cn_engine_block() == 16 ? dnnl_nChw16c : dnnl_nChw8c;
    const int plain = want->plain_x && entrance != PACKED;
    *t = (struct told){.dnnl = d,
                       .site = site,
                       .entrance = entrance,
                       .real = real_dims(s),
                       .stride = {s->stride, s->stride},
                       .dilate = {s->dilation - 1, s->dilation - 1},
                       .pad = {s->pad_y, s->pad_x}};
    if (!widen(&t->wide, s, plain))
        return 0;
    const dnnl_dims_t k = {(dnnl_dim_t)t->wide.groups * t->wide.out};
    const size_t c = (size_t)t->wide.groups * t->wide.in;
    return map_order(d, &t->x, site->n, c, s->h, s->w, type, plain ? dnnl_nchw : blocked) &&
           map_order(d, &t->given_x, site->n, s->c, s->h, s->w, dnnl_f32, dnnl_nchw) &&
           map_order(d, &t->y, site->n, (size_t)k[0], s->oh, s->ow, type, blocked) && any_order(d, &t->w, t->wide, type) &&
           any_order(d, &t->dw, t->wide, dnnl_f32) &&
           d->memory_desc_init_by_tag(&t->bias, 1, k, dnnl_f32, dnnl_x) == dnnl_success;
}

static int describe(const struct told *t, dnnl_convolution_desc_t *out, enum cn_engine_conv_pass pass, dnnl_alg_kind_t algorithm)
{
    const struct cn_engine_dnnl *d = t->dnnl;
    const dnnl_memory_desc_t *bias = t->site->want->bias ? &t->bias : NULL;
    const dnnl_prop_kind_t kind = t->site->want->forward_only ? dnnl_forward_inference : dnnl_forward_training;
    if (pass == CN_ENGINE_CONV_FORWARD)
        return d->dilated_convolution_forward_desc_init(out, kind, algorithm, &t->x, &t->w, bias, &t->y, t->stride, t->dilate,
                                                        t->pad, t->pad) == dnnl_success;
    if (pass == CN_ENGINE_CONV_DATA)
        return d->dilated_convolution_backward_data_desc_init(out, algorithm, &t->x, &t->w, &t->y, t->stride, t->dilate, t->pad,
                                                              t->pad) == dnnl_success;
    return d->dilated_convolution_backward_weights_desc_init(out, algorithm, &t->x, &t->dw, bias, &t->y, t->stride, t->dilate,
                                                             t->pad, t->pad) == dnnl_success;
}

/* Scratch from the caller, so that calls in parallel do not share it. */
static int attributes(const struct cn_engine_dnnl *d, dnnl_primitive_attr_t *out)
{
    if (d->primitive_attr_create(out) != dnnl_success)
        return 0;
    if (d->primitive_attr_set_scratchpad_mode(*out, dnnl_scratchpad_mode_user) == dnnl_success)
        return 1;
    d->primitive_attr_destroy(*out);
    return 0;
}

/* ---- running ---- */

/* Executes with memory objects made for this call: a primitive may run in several threads at once. */
struct argument {
    int what;
    const dnnl_memory_desc_t *order;
    void *data;
};

static void execute(struct dnnl_way *w, dnnl_primitive_t primitive, const struct argument *in, int n)
{
    enum { MOST = 6 };
    const struct cn_engine_dnnl *d = w->dnnl;
    dnnl_exec_arg_t out[MOST];
    int made = 0, good = 1;
    dnnl_memory_t mine[MOST];
    for (int i = 0; i < n && good; i++) {
        if (!in[i].order || !d->memory_desc_get_size(in[i].order))
            continue;
        good = d->memory_create(&mine[made], in[i].order, d->engine, in[i].data) == dnnl_success;
        if (good) {
            out[made] = (dnnl_exec_arg_t){in[i].what, mine[made]};
            made++;
        }
    }
    const int threads = cn_engine_dnnl_alone(d);
    if (!good || d->primitive_execute(primitive, d->stream, made, out) != dnnl_success ||
        d->stream_wait(d->stream) != dnnl_success)
        cn_kernel_out_of_memory(w->ctx);
    cn_engine_dnnl_as_before(d, threads);
    while (made)
        d->memory_destroy(mine[--made]);
}

static void *enter(struct dnnl_way *w, const void *x, void *scratch)
{
    if (!w->enter)
        return (void *)x;
    void *converted = (char *)scratch + w->x_at;
    const struct argument arguments[] = {{.what = DNNL_ARG_FROM, .order = &w->given_x, .data = (void *)x},
                                         {.what = DNNL_ARG_TO, .order = &w->x, .data = converted},
                                         {.what = DNNL_ARG_SCRATCHPAD, .order = &w->enter_work, .data = scratch}};
    execute(w, w->enter, arguments, 3);
    return converted;
}

static void *weights(const struct dnnl_way *w, void *scratch)
{
    return cn_engine_conv_pack_data(w->pack, w->packs, w->ctx, scratch ? (char *)scratch + w->w_at : NULL); /* none: it wants none */
}

static void run_forward(struct cn_engine_conv_way *way, const struct cn_engine_conv_call *call)
{
    struct dnnl_way *w = (struct dnnl_way *)way;
    void *packed = weights(w, call->scratch);
    const struct argument arguments[] = {
        {.what = DNNL_ARG_SRC, .order = &w->x, .data = enter(w, call->x, call->scratch)},
        {.what = DNNL_ARG_WEIGHTS, .order = &w->w, .data = packed},
        {.what = DNNL_ARG_BIAS, .order = w->bias ? &w->bias_order : NULL, .data = cn_engine_conv_packs_bias(w->packs)},
        {.what = DNNL_ARG_DST, .order = &w->y, .data = call->y},
        {.what = DNNL_ARG_SCRATCHPAD, .order = &w->work, .data = call->scratch},
    };
    execute(w, w->convolution, arguments, 5);
}

static void run_data(struct cn_engine_conv_way *way, const struct cn_engine_conv_call *call)
{
    struct dnnl_way *w = (struct dnnl_way *)way;
    void *packed = weights(w, call->scratch);
    const struct argument arguments[] = {
        {.what = DNNL_ARG_DIFF_DST, .order = &w->y, .data = (void *)call->dy},
        {.what = DNNL_ARG_WEIGHTS, .order = &w->w, .data = packed},
        {.what = DNNL_ARG_DIFF_SRC, .order = &w->x, .data = call->dx},
        {.what = DNNL_ARG_SCRATCHPAD, .order = &w->work, .data = call->scratch},
    };
    execute(w, w->convolution, arguments, 4);
}

static void run_weights(struct cn_engine_conv_way *way, const struct cn_engine_conv_call *call)
{
    struct dnnl_way *w = (struct dnnl_way *)way;
    char *scratch = call->scratch;
    const int narrow = is_narrow(w);
    float *rows = narrow ? (float *)(scratch + w->rows_at) : call->dw, *bias = (float *)(scratch + w->bias_at);
    void *dw = w->leave ? scratch + w->dw_at : (char *)rows;
    const struct argument arguments[] = {
        {.what = DNNL_ARG_SRC, .order = &w->x, .data = enter(w, call->x, call->scratch)},
        {.what = DNNL_ARG_DIFF_DST, .order = &w->y, .data = (void *)call->dy},
        {.what = DNNL_ARG_DIFF_WEIGHTS, .order = &w->dw, .data = dw},
        {.what = DNNL_ARG_DIFF_BIAS, .order = w->bias ? &w->bias_order : NULL, .data = bias},
        {.what = DNNL_ARG_SCRATCHPAD, .order = &w->work, .data = scratch},
    };
    execute(w, w->convolution, arguments, 5);
    if (w->leave) {
        const struct argument out[] = {{.what = DNNL_ARG_FROM, .order = &w->dw, .data = dw},
                                       {.what = DNNL_ARG_TO, .order = &w->rows, .data = rows},
                                       {.what = DNNL_ARG_SCRATCHPAD, .order = &w->leave_work, .data = scratch}};
        execute(w, w->leave, out, 3);
    }
    if (narrow)
        cn_engine_conv_narrow(call->dw, w->real, rows, w->wide);
    if (w->bias)
        memcpy(call->dbias, bias, w->k * sizeof *bias);
}

static void free_way(struct cn_engine_conv_way *way)
{
    struct dnnl_way *w = (struct dnnl_way *)way;
    dnnl_primitive_t primitives[] = {w->convolution, w->enter, w->leave};
    for (int i = 0; i < 3; i++)
        if (primitives[i])
            w->dnnl->primitive_destroy(primitives[i]);
    cn_engine_conv_pack_give_back(w->packs, w->pack);
    cn_mem_free(w);
}

/* ---- making ---- */

static dnnl_memory_desc_t order_of(const struct cn_engine_dnnl *d, dnnl_primitive_desc_t description, dnnl_query_t what)
{
    const dnnl_memory_desc_t *order = d->primitive_desc_query_md(description, what, 0);
    return order ? *order : (dnnl_memory_desc_t){0};
}

static enum cnas_status make_reorder(const struct cn_engine_dnnl *d, dnnl_primitive_t *out, dnnl_memory_desc_t *work,
                                     const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to)
{
    dnnl_primitive_attr_t attribute;
    dnnl_primitive_desc_t description;
    if (!attributes(d, &attribute))
        return CNAS_E_MEMORY;
    const dnnl_status_t described = d->reorder_primitive_desc_create(&description, from, d->engine, to, d->engine, attribute);
    d->primitive_attr_destroy(attribute);
    CNAS_TRY(cn_engine_dnnl_status(described));
    *work = order_of(d, description, dnnl_query_scratchpad_md);
    const dnnl_status_t made = d->primitive_create(out, description);
    d->primitive_desc_destroy(description);
    return cn_engine_dnnl_status(made);
}

static size_t reserve(size_t *at, size_t end, size_t bytes)
{
    *at = end;
    return end + cn_engine_conv_round(bytes);
}

static size_t largest(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Scratch: the kernel's, which reorders before and after it share; then x, then the weights, or their gradient as the kernel and as rows. */
static void lay_out(struct dnnl_way *w)
{
    const struct cn_engine_dnnl *d = w->dnnl;
    size_t end = largest(d->memory_desc_get_size(&w->work),
                         largest(d->memory_desc_get_size(&w->enter_work), d->memory_desc_get_size(&w->leave_work)));
    end = cn_engine_conv_round(end);
    end = reserve(&w->x_at, end, w->enter ? d->memory_desc_get_size(&w->x) : 0);
    end = reserve(&w->w_at, end, w->pack ? cn_engine_conv_pack_scratch(w->pack) : 0);
    if (w->pass == CN_ENGINE_CONV_WEIGHTS) {
        end = reserve(&w->dw_at, end, w->leave ? d->memory_desc_get_size(&w->dw) : 0);
        end = reserve(&w->rows_at, end, is_narrow(w) ? d->memory_desc_get_size(&w->rows) : 0);
        end = reserve(&w->bias_at, end, w->bias ? d->memory_desc_get_size(&w->bias_order) : 0);
    }
    w->way.scratch = w->way.memory = end;
}

/* The orders that the kernel wants, and what goes from ours to them. CNAS_E_RANGE: oneDNN has not all of that. */
static enum cnas_status complete(struct dnnl_way *w, const struct told *t, dnnl_primitive_desc_t description)
{
    const struct cn_engine_dnnl *d = w->dnnl;
    w->w = order_of(d, description, dnnl_query_weights_md);
    w->work = order_of(d, description, dnnl_query_scratchpad_md);
    CNAS_TRY(cn_engine_dnnl_status(d->primitive_create(&w->convolution, description)));
    if (w->pass == CN_ENGINE_CONV_WEIGHTS) {
        w->dw = order_of(d, description, dnnl_query_diff_weights_md);
        if (!cn_engine_conv_plain_order(d, &w->rows, w->wide))
            return CNAS_E_RANGE;
        if (!d->memory_desc_equal(&w->dw, &w->rows))
            CNAS_TRY(make_reorder(d, &w->leave, &w->leave_work, &w->dw, &w->rows));
    } else {
        CNAS_TRY(cn_engine_conv_pack_take(&w->pack, w->packs, d, w->ctx, &w->w, w->wide, w->real, cn_engine_conv_keeps_packs(t->site)));
    }
    if (t->entrance != AS_IS) {
        dnnl_memory_desc_t to = t->x;
        if (t->entrance == PACKED &&
            !map_order(d, &to, t->site->n, t->site->want->shape.c, t->site->want->shape.h, t->site->want->shape.w, t->x.data_type,
                       cn_engine_block() == 16 ? dnnl_nChw16c : dnnl_nChw8c))
            return CNAS_E_RANGE;
        CNAS_TRY(make_reorder(d, &w->enter, &w->enter_work, &t->given_x, &to));
        w->x = to;
    }
    lay_out(w);
    return CNAS_OK;
}

/* CNAS_OK, with nothing made, if oneDNN cannot do all of it: there are other kernels. */
static enum cnas_status make_way(struct cn_engine_conv_way **list, const struct told *t, const char *name,
                                 dnnl_primitive_desc_t description)
{
    static void (*const runs[])(struct cn_engine_conv_way *, const struct cn_engine_conv_call *) = {run_forward, run_data,
                                                                                                    run_weights};
    const struct cn_engine_conv_site *site = t->site;
    struct dnnl_way *w = cn_mem_zalloc(1, sizeof *w);
    if (!w)
        return CNAS_E_MEMORY;
    *w = (struct dnnl_way){.way = {.run = runs[site->pass], .free = free_way},
                           .dnnl = t->dnnl,
                           .ctx = site->ctx,
                           .packs = site->packs,
                           .pass = site->pass,
                           .bias = site->want->bias,
                           .k = site->want->shape.k,
                           .real = t->real,
                           .wide = t->wide,
                           .x = t->x,
                           .given_x = t->given_x,
                           .y = t->y,
                           .bias_order = t->bias};
    snprintf(w->way.name, sizeof w->way.name, "%s", name);
    const enum cnas_status status = complete(w, t, description);
    if (!status)
        cn_engine_conv_append(list, &w->way);
    else
        free_way(&w->way);
    return status == CNAS_E_MEMORY ? status : CNAS_OK;
}

/* The forward pass of the same algorithm, which oneDNN makes backward ones from. *hint NULL: it needs none. */
static enum cnas_status make_hint(dnnl_primitive_desc_t *hint, const struct told *t, dnnl_alg_kind_t algorithm)
{
    const struct cn_engine_dnnl *d = t->dnnl;
    dnnl_convolution_desc_t forward;
    *hint = NULL;
    if (t->site->pass == CN_ENGINE_CONV_FORWARD)
        return CNAS_OK;
    if (!describe(t, &forward, CN_ENGINE_CONV_FORWARD, algorithm))
        return CNAS_E_RANGE;
    return cn_engine_dnnl_status(d->primitive_desc_create(hint, &forward, NULL, d->engine, NULL));
}

/* All compiled kernels of one algorithm. */
static enum cnas_status iterate(struct cn_engine_conv_way **list, const struct told *t, dnnl_alg_kind_t algorithm)
{
    static const char *const prefix[ENTRANCES] = {"", "convert+", "pack+"};
    const struct cn_engine_dnnl *d = t->dnnl;
    const struct cn_engine_conv_site *site = t->site;
    dnnl_convolution_desc_t what;
    dnnl_primitive_attr_t attribute;
    dnnl_primitive_desc_iterator_t i;
    dnnl_primitive_desc_t hint;
    if (!describe(t, &what, site->pass, algorithm))
        return CNAS_OK;
    if (!attributes(d, &attribute))
        return CNAS_E_MEMORY;
    enum cnas_status status = make_hint(&hint, t, algorithm);
    if (!status)
        status = cn_engine_dnnl_status(d->primitive_desc_iterator_create(&i, &what, attribute, d->engine, hint));
    if (status)
        goto out;
    do {
        char name[CN_ENGINE_CONV_NAME];
        const char *info = NULL;
        dnnl_primitive_desc_t description = d->primitive_desc_iterator_fetch(i);
        if (!description) { /* there is one here */
            status = CNAS_E_MEMORY;
            break;
        }
        if (d->primitive_desc_query(description, dnnl_query_impl_info_str, 0, &info) == dnnl_success && strncmp(info, "ref", 3)) {
            snprintf(name, sizeof name, "%s%s", prefix[t->entrance], info);
            if ((!site->only || !strcmp(site->only, name)) && make_way(list, t, name, description))
                status = CNAS_E_MEMORY;
        }
        d->primitive_desc_destroy(description);
    } while (d->primitive_desc_iterator_next(i) == dnnl_success);
    d->primitive_desc_iterator_destroy(i);
out:
    if (hint)
        d->primitive_desc_destroy(hint);
    d->primitive_attr_destroy(attribute);
    return status == CNAS_E_MEMORY ? status : CNAS_OK;
}

enum cnas_status cn_engine_conv_dnnl_ways(struct cn_engine_conv_way **list, const struct cn_engine_conv_site *site)
{
    static const dnnl_alg_kind_t algorithms[] = {dnnl_convolution_direct, dnnl_convolution_winograd};
    const struct cn_engine_dnnl *d = cn_engine_dnnl(NULL);
    const int plain = site->want->plain_x, half = site->want->type == CN_ENGINE_BF16;
    enum cnas_status status = CNAS_OK;
    if (!d)
        return CNAS_OK;
    const int threads = cn_engine_dnnl_alone(d);
    for (int i = 0; i < 2; i++)
        for (int entrance = AS_IS; entrance < ENTRANCES; entrance++) {
            struct told t;
            if (entrance == AS_IS ? plain && half : entrance == CONVERTED ? !plain || !half : !plain)
                continue;
            if (tell(&t, d, site, (enum entrance)entrance) && iterate(list, &t, algorithms[i]))
                status = CNAS_E_MEMORY;
        }
    cn_engine_dnnl_as_before(d, threads);
    return status;
}

#endif
