/* Sums over ranks, and what they must agree on. */
#include "runtime/train/together.h"

#include <string.h>

#include "runtime/base/error.h"

enum { BUCKET = 1 << 17 }; /* floats: half a megabyte, where a network's speed counts and no longer its latency */

void cn_train_together_start(struct cn_train_together *g, struct cnas_ctx *ctx, const struct cnas_train_control *control, size_t samples)
{
    *g = (struct cn_train_together){.group = control->group, .ctx = ctx, .sync = control->sync_batch_norm, .samples = samples};
}

static void leave(struct cn_train_together *g)
{
    if (!g->left)
        g->group->leave(g->group->self);
    g->left = 1;
}

/* After a failure the group is not called any more. */
static enum cnas_status keep(struct cn_train_together *g, enum cnas_status status)
{
    if (status && !g->status) {
        g->status = status;
        g->err.status = status;
        leave(g);
    }
    return g->status;
}

static enum cnas_status told(const struct cn_train_together *g, struct cnas_error *err)
{
    return g->status ? cn_error(err, g->status, "%s", g->err.text) : CNAS_OK;
}

static enum cnas_status sum(struct cn_train_together *g, double *x, size_t n)
{
    return g->status ? g->status : keep(g, g->group->sum(g->group->self, x, n, &g->err));
}

static enum cnas_status sum_start(struct cn_train_together *g, float *x, size_t n)
{
    return g->status ? g->status : keep(g, g->group->sum_start(g->group->self, x, n, &g->err));
}

enum cnas_status cn_train_add_up(struct cn_train_together *g, double *x, size_t n, struct cnas_error *err)
{
    if (g->group)
        (void)!sum(g, x, n);
    return told(g, err);
}

enum cnas_status cn_train_broadcast(struct cn_train_together *g, void *x, size_t bytes, struct cnas_error *err)
{
    if (g->group && !g->status)
        (void)!keep(g, g->group->broadcast(g->group->self, x, bytes, &g->err));
    return told(g, err);
}

/* The sums of what ranks say: how many failed, how many want to stop. */
static enum cnas_status verdict(enum cnas_status status, double failed, double stops, int *stop, struct cnas_error *err)
{
    *stop = stops > 0;
    return status || failed < 0.5 ? status : cn_error(err, CNAS_E_CLOSED, "another rank of this training failed");
}

enum cnas_status cn_train_agree(struct cn_train_together *g, enum cnas_status status, int *stop, struct cnas_error *err)
{
    double said[2] = {status != CNAS_OK, *stop};
    if (!g->group)
        return status;
    if (sum(g, said, 2))
        return status ? status : told(g, err);
    return verdict(status, said[0], said[1], stop, err);
}

enum cnas_status cn_train_together_end(struct cn_train_together *g, enum cnas_status status, struct cnas_error *err)
{
    int stop = 0;
    if (g->group)
        cn_kernel_set_peers(g->ctx, NULL);
    return g->left ? status : cn_train_agree(g, status, &stop, err);
}

void cn_train_together_leave(struct cn_train_together *g)
{
    if (g->group)
        leave(g);
}

size_t cn_train_share_most(const struct cn_train_together *g, size_t batch)
{
    const size_t most = batch < g->samples ? batch : g->samples;
    return g->group ? (most + g->group->size - 1) / g->group->size : most;
}

size_t cn_train_share(const struct cn_train_together *g, size_t n, size_t *first)
{
    *first = g->group ? cn_kernel_cut(n, g->group->size, g->group->rank) : 0;
    return g->group ? cn_kernel_cut(n, g->group->size, g->group->rank + 1) : n;
}

/* --- a step --- */

/* A rank without a share computes all the same, so that every rank makes the same calls, but none of its numbers count. */
static void sum_of_batch_norm(void *user, double *x, size_t n)
{
    struct cn_train_together *g = user;
    if (!x) {
        (void)!keep(g, cn_error(&g->err, CNAS_E_MEMORY, "no memory for a training step"));
        return;
    }
    if (!g->own)
        memset(x, 0, n * sizeof *x);
    (void)!sum(g, x, n);
}

void cn_train_together_step(struct cn_train_together *g, size_t all, float *grads)
{
    const size_t end = cn_train_share(g, all, &g->first);
    g->all = all;
    g->own = end - g->first;
    if (!g->group)
        return;
    g->grads = grads;
    g->bucket = g->bucket_size = 0;
    g->peers = (struct cn_kernel_peers){.first = g->first, .n = g->own ? g->own : 1, .all = all, .sum = g->sync ? sum_of_batch_norm : NULL,
                                        .user = g};
    cn_kernel_set_peers(g->ctx, &g->peers);
}

static void scale(float *x, size_t n, float by)
{
    for (size_t i = 0; i < n; i++)
        x[i] *= by;
}

void cn_train_together_weigh(struct cn_train_together *g, float *logits_gradient, size_t numbers, float *statistics, size_t n_statistics)
{
    if (!g->group)
        return;
    const float weight = (float)((double)g->own / (double)g->all);
    scale(logits_gradient, numbers, weight);
    if (g->sync || !n_statistics) /* from the same sums they are the same everywhere */
        return;
    if (g->own)
        scale(statistics, n_statistics, weight);
    else
        memset(statistics, 0, n_statistics * sizeof *statistics);
    (void)!sum_start(g, statistics, n_statistics);
}

static void send(struct cn_train_together *g)
{
    if (!g->bucket_size)
        return;
    if (!g->own)
        memset(g->grads + g->bucket, 0, g->bucket_size * sizeof *g->grads);
    (void)!sum_start(g, g->grads + g->bucket, g->bucket_size);
    g->bucket_size = 0;
}

void cn_train_together_ready(void *together, size_t offset, size_t size)
{
    struct cn_train_together *g = together;
    if (g->bucket_size && offset + size != g->bucket && offset != g->bucket + g->bucket_size)
        send(g);
    if (!g->bucket_size || offset < g->bucket)
        g->bucket = offset;
    g->bucket_size += size;
    if (g->bucket_size >= BUCKET)
        send(g);
    else if (!g->status)
        (void)!keep(g, g->group->sum_progress(g->group->self, &g->err));
}

enum cnas_status cn_train_together_wait(struct cn_train_together *g, double *loss, size_t *correct, enum cnas_status status, int *stop,
                                        struct cnas_error *err)
{
    if (!g->group)
        return status;
    send(g);
    const double share = (double)g->own / (double)g->all;
    double said[4] = {status != CNAS_OK, *stop, g->own ? *loss * share : 0, g->own ? (double)*correct : 0};
    if (!g->status)
        (void)!keep(g, g->group->sum_wait(g->group->self, &g->err));
    if (sum(g, said, 4))
        return status ? status : told(g, err);
    *loss = said[2];
    *correct = (size_t)said[3];
    return verdict(status, said[0], said[1], stop, err);
}
