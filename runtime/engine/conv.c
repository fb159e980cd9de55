/* Convolution layers: which ways there are, which one is taken, and the calls. */
#include "runtime/engine/conv.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/clock.h"
#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"
#include "runtime/engine/conv_packs.h"
#include "runtime/engine/conv_way.h"
#include "runtime/kernel/ctx.h"

/* The ways for one number of samples. */
struct set {
    size_t n;
    struct cn_engine_conv_way *way[CN_ENGINE_CONV_PASSES]; /* NULL: not wanted */
    struct set *next;
};

enum { SETS = 4, QUESTION = 256 }; /* a training batch, its last, those of the validation */

struct cn_engine_conv {
    struct cnas_ctx *ctx;
    struct cn_engine_conv_want want;
    struct cn_engine_conv_packs *packs;
    struct set *sets; /* the first for want.n */
    size_t scratch;   /* what callers bring */
    void *more;       /* where a later set needs more than that */
    size_t more_bytes;
    char name[CN_ENGINE_CONV_PASSES][CN_ENGINE_CONV_NAME]; /* of the first set */
};

void cn_engine_conv_append(struct cn_engine_conv_way **list, struct cn_engine_conv_way *way)
{
    while (*list)
        list = &(*list)->next;
    *list = way;
}

void cn_engine_conv_free_ways(struct cn_engine_conv_way **list)
{
    while (*list) {
        struct cn_engine_conv_way *way = *list;
        *list = way->next;
        way->free(way);
    }
}

size_t cn_engine_conv_x_bytes(const struct cn_engine_conv_site *site)
{
    const struct cnas_conv_shape *s = &site->want->shape;
    if (site->want->plain_x)
        return site->n * s->c * s->h * s->w * sizeof(float);
    return site->n * cn_engine_elements((struct cn_engine_map){s->c, s->h, s->w}) * cn_engine_type_size(site->want->type);
}

size_t cn_engine_conv_y_bytes(const struct cn_engine_conv_site *site)
{
    const struct cnas_conv_shape *s = &site->want->shape;
    return site->n * cn_engine_elements((struct cn_engine_map){s->k, s->oh, s->ow}) * cn_engine_type_size(site->want->type);
}

size_t cn_engine_conv_w_floats(const struct cnas_conv_shape *s)
{
    return (size_t)s->k * (s->c / s->groups) * s->kh * s->kw;
}

/* ---- choosing ---- */

static void ask(char question[QUESTION], const struct cn_engine_conv_site *site)
{
    static const char *const passes[] = {"forward", "data", "weights"};
    const struct cn_engine_conv_want *w = site->want;
    const struct cnas_conv_shape *s = &w->shape;
    const int forward = site->pass == CN_ENGINE_CONV_FORWARD;
    snprintf(
        question, QUESTION,
        "conv %s %s threads %u, %zu x %ux%ux%u to %ux%ux%u by %ux%u, stride %u, pad %ux%u, dilation %u, groups %u%s%s%s",
        passes[site->pass], w->type == CN_ENGINE_BF16 ? "bf16" : "f32", cnas_ctx_threads(site->ctx), site->n, s->c, s->h, s->w,
        s->k, s->oh, s->ow, s->kh, s->kw, s->stride, s->pad_y, s->pad_x, s->dilation, s->groups, w->plain_x ? ", plain" : "",
        w->bias && site->pass != CN_ENGINE_CONV_DATA ? ", bias" : "", forward && w->forward_only ? ", only" : "");
}

/* All ways of a site that there is memory for (*poor: not for all); without one CNAS_E_MEMORY, unless site->only is of none. The plain one only
 * where there is no other: it is slow, and its buffers are large. */
static enum cnas_status all_ways(struct cn_engine_conv_way **list, int *poor, const struct cn_engine_conv_site *site)
{
    enum cnas_status status = cnas_ctx_threads(site->ctx) == 1 ? cn_engine_conv_dnnl_ways(list, site) : cn_engine_conv_split_ways(list, site);
    if (cn_engine_conv_wino_ways(list, site) || (!*list && cn_engine_conv_plain_ways(list, site)))
        status = CNAS_E_MEMORY;
    *poor = status != CNAS_OK;
    return *list ? CNAS_OK : status;
}

/* *best leaves the list; the rest is freed by the caller. */
static void keep(struct cn_engine_conv_way **list, struct cn_engine_conv_way *best)
{
    while (*list != best)
        list = &(*list)->next;
    *list = best->next;
    best->next = NULL;
}

/* tuning NULL: the first one that there is. */
static enum cnas_status choose(struct cn_engine_conv_way **out, struct cn_engine_conv_site *site, struct cn_engine_tuning *tuning)
{
    char question[QUESTION], known[CN_ENGINE_CONV_NAME] = "";
    struct cn_engine_conv_way *list = NULL, *best;
    enum cnas_status status;
    int poor;
    *out = NULL;
    ask(question, site);
    if (!site->only && tuning) {
        const char *answer = cn_engine_tuning_lookup(tuning, question);
        if (answer && strlen(answer) < sizeof known) {
            memcpy(known, answer, strlen(answer) + 1);
            site->only = known;
        }
    }
    status = all_ways(&list, &poor, site);
    const int remembered = site->only && list;
    if (*known && !list)
        cn_engine_tuning_lose(tuning);
    if (site->only && !list) {
        site->only = NULL;
        status = all_ways(&list, &poor, site);
    }
    best = list;
    if (!status && !remembered && tuning) {
        const double start = cn_clock_s();
        if (list->next)
            status = cn_engine_conv_measure(&best, &poor, list, site);
        if (!status)
            status = cn_engine_tuning_record(tuning, question, best->name, poor); /* there may be memory another time */
        cn_engine_tuning_spent(tuning, cn_clock_s() - start);
    }
    if (!status) {
        keep(&list, best);
        *out = best;
    }
    cn_engine_conv_free_ways(&list);
    return status;
}

static void free_set(struct set *set)
{
    for (int pass = 0; pass < CN_ENGINE_CONV_PASSES; pass++)
        cn_engine_conv_free_ways(&set->way[pass]);
    cn_mem_free(set);
}

static int wanted(const struct cn_engine_conv_want *w, enum cn_engine_conv_pass pass)
{
    return pass == CN_ENGINE_CONV_FORWARD || (!w->forward_only && (pass == CN_ENGINE_CONV_WEIGHTS || !(w->no_dx || w->plain_x)));
}

/* Another number of samples takes the ways of the first set where it can: they need not be timed again. */
static enum cnas_status make_set(struct set **out, struct cn_engine_conv *conv, size_t n, struct cn_engine_tuning *tuning,
                                 struct cnas_error *err)
{
    struct set *set = cn_mem_zalloc(1, sizeof *set);
    *out = NULL;
    if (!set)
        return cn_error(err, CNAS_E_MEMORY, "no memory for a convolution");
    set->n = n;
    for (enum cn_engine_conv_pass pass = 0; pass < CN_ENGINE_CONV_PASSES; pass++) {
        struct cn_engine_conv_site site = {.ctx = conv->ctx,
                                           .want = &conv->want,
                                           .n = n,
                                           .pass = pass,
                                           .packs = conv->packs,
                                           .only = conv->sets ? conv->name[pass] : NULL};
        if (!wanted(&conv->want, pass))
            continue;
        enum cnas_status status = choose(&set->way[pass], &site, tuning);
        if (status) {
            free_set(set);
            return cn_error(err, status, "no memory for a convolution");
        }
    }
    *out = set;
    return CNAS_OK;
}

/* Kernels are made and freed by one thread of the process at a time. What is timed while another layer is timed beside it says nothing; and of
 * threads that make kernels at the same time, oneDNN 2.6 has given one a kernel that is not the one it described, without scratch memory
 * (test_group_engine, one run in some dozens; never with its cache of kernels switched off). That cache finds a kernel by comparing
 * descriptions that lie in others, and freeing a kernel frees its own: not while somebody looks. */
static pthread_mutex_t kernels = PTHREAD_MUTEX_INITIALIZER;

static enum cnas_status make_set_alone(struct set **out, struct cn_engine_conv *conv, size_t n, struct cn_engine_tuning *tuning,
                                       struct cnas_error *err)
{
    pthread_mutex_lock(&kernels);
    const enum cnas_status status = make_set(out, conv, n, tuning, err);
    pthread_mutex_unlock(&kernels);
    return status;
}

static void free_set_alone(struct set *set)
{
    pthread_mutex_lock(&kernels);
    free_set(set);
    pthread_mutex_unlock(&kernels);
}

static size_t scratch_of(const struct set *set)
{
    size_t most = 0;
    for (int pass = 0; pass < CN_ENGINE_CONV_PASSES; pass++)
        if (set->way[pass] && set->way[pass]->scratch > most)
            most = set->way[pass]->scratch;
    return most;
}

enum cnas_status cn_engine_conv_new(struct cn_engine_conv **out, struct cnas_ctx *ctx, const struct cn_engine_conv_want *want,
                                    struct cn_engine_tuning *tuning, struct cnas_error *err)
{
    cn_require(want->n);
    struct cn_engine_conv *conv = *out = cn_mem_zalloc(1, sizeof *conv);
    if (!conv)
        return cn_error(err, CNAS_E_MEMORY, "no memory for a convolution");
    conv->ctx = ctx;
    conv->want = *want;
    enum cnas_status status = cn_engine_conv_packs_new(&conv->packs, want->bias ? cn_engine_channels(want->shape.k) : 0);
    if (!status)
        status = make_set_alone(&conv->sets, conv, want->n, tuning, err);
    if (status) {
        cn_engine_conv_free(out);
        return status;
    }
    conv->scratch = scratch_of(conv->sets);
    for (int pass = 0; pass < CN_ENGINE_CONV_PASSES; pass++)
        if (conv->sets->way[pass])
            memcpy(conv->name[pass], conv->sets->way[pass]->name, sizeof conv->name[pass]);
    return CNAS_OK;
}

void cn_engine_conv_free(struct cn_engine_conv **out)
{
    struct cn_engine_conv *conv = *out;
    if (!conv)
        return;
    while (conv->sets) {
        struct set *set = conv->sets;
        conv->sets = set->next;
        free_set_alone(set);
    }
    cn_engine_conv_packs_free(&conv->packs);
    cn_mem_free(conv->more);
    cn_mem_free(conv);
    *out = NULL;
}

size_t cn_engine_conv_scratch(const struct cn_engine_conv *conv)
{
    return conv->scratch;
}

size_t cn_engine_conv_memory(const struct cn_engine_conv *conv)
{
    return cn_engine_conv_packs_bytes(conv->packs) + conv->more_bytes;
}

static const char *way_name(const struct cn_engine_conv *conv, enum cn_engine_conv_pass pass)
{
    return conv->sets->way[pass] ? conv->name[pass] : NULL;
}

const char *cn_engine_conv_forward_way(const struct cn_engine_conv *conv)
{
    return way_name(conv, CN_ENGINE_CONV_FORWARD);
}

const char *cn_engine_conv_data_way(const struct cn_engine_conv *conv)
{
    return way_name(conv, CN_ENGINE_CONV_DATA);
}

const char *cn_engine_conv_weights_way(const struct cn_engine_conv *conv)
{
    return way_name(conv, CN_ENGINE_CONV_WEIGHTS);
}

/* ---- calls ---- */

void cn_engine_conv_weights(struct cn_engine_conv *conv, const float *w, const float *bias)
{
    cn_require(w && !bias == !conv->want.bias);
    cn_engine_conv_packs_weights(conv->packs, conv->ctx, w, bias, conv->want.shape.k);
}

/* Sets beyond SETS are forgotten, oldest first; the first one stays. */
static void forget_oldest(struct cn_engine_conv *conv)
{
    struct set *second = conv->sets->next;
    int count = 0;
    for (struct set *set = conv->sets; set; set = set->next)
        count++;
    if (count <= SETS)
        return;
    conv->sets->next = second->next;
    free_set_alone(second);
}

/* The ways for n samples are there. */
static enum cnas_status prepare(struct cn_engine_conv *conv, size_t n)
{
    struct set **end = &conv->sets;
    cn_require(n);
    for (; *end; end = &(*end)->next)
        if ((*end)->n == n)
            return CNAS_OK;
    CNAS_TRY(make_set_alone(end, conv, n, NULL, NULL));
    if (scratch_of(*end) > conv->scratch && scratch_of(*end) > conv->more_bytes) {
        cn_mem_free(conv->more);
        conv->more_bytes = scratch_of(*end);
        if (!(conv->more = cn_mem_alloc(conv->more_bytes, 1))) {
            conv->more_bytes = 0;
            free_set_alone(*end);
            *end = NULL;
            return CNAS_E_MEMORY;
        }
    }
    forget_oldest(conv);
    return CNAS_OK;
}

static void run(struct cn_engine_conv *conv, enum cn_engine_conv_pass pass, size_t n, struct cn_engine_conv_call call)
{
    struct set *set = conv->sets;
    cn_require(wanted(&conv->want, pass) && cn_engine_conv_packs_w(conv->packs));
    if (set->n != n && prepare(conv, n)) {
        cn_kernel_out_of_memory(conv->ctx);
        return;
    }
    while (set && set->n != n)
        set = set->next;
    cn_require(set);
    if (set->way[pass]->scratch > conv->scratch)
        call.scratch = conv->more;
    set->way[pass]->run(set->way[pass], &call);
}

void cn_engine_conv_forward(struct cn_engine_conv *conv, void *y, const void *x, size_t n, void *scratch)
{
    run(conv, CN_ENGINE_CONV_FORWARD, n, (struct cn_engine_conv_call){.y = y, .x = x, .scratch = scratch});
}

void cn_engine_conv_backward_data(struct cn_engine_conv *conv, void *dx, const void *dy, size_t n, void *scratch)
{
    run(conv, CN_ENGINE_CONV_DATA, n, (struct cn_engine_conv_call){.dx = dx, .dy = dy, .scratch = scratch});
}

void cn_engine_conv_backward_weights(struct cn_engine_conv *conv, float *dw, float *dbias, const void *dy, const void *x,
                                     size_t n, void *scratch)
{
    cn_require(!dbias == !conv->want.bias);
    run(conv, CN_ENGINE_CONV_WEIGHTS, n,
        (struct cn_engine_conv_call){.dw = dw, .dbias = dbias, .dy = dy, .x = x, .scratch = scratch});
}
