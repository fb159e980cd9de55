/* Pooling of blocked values. */
#include "runtime/base/misuse.h"
#include "runtime/engine/block_run.h"

struct global {
    enum cn_engine_type type;
    struct cn_engine_map map;
    void *out;
    const void *in;
    int add;
};

static void global_runs(const void *job, size_t first, size_t last)
{
    const struct global *j = job;
    cn_engine_simd()->global(j->type, j->map, j->out, j->in, first, last);
}

void cn_engine_global_avg_pool(struct cnas_ctx *ctx, enum cn_engine_type type, struct cn_engine_map map, float *y, const void *x, size_t n)
{
    struct global j = {type, map, y, x, 0};
    cn_require(map.c && map.h && map.w);
    cn_engine_share(ctx, global_runs, &j, n * cn_engine_blocks(map.c), cn_engine_run_bytes(type, map));
}

void cn_engine_global_avg_pool_range(enum cn_engine_type type, struct cn_engine_map map, float *y, const void *x, size_t first, size_t last)
{
    const size_t blocks = cn_engine_blocks(map.c);
    cn_require(map.c && map.h && map.w);
    cn_engine_simd()->global(type, map, y, x, first * blocks, last * blocks);
}

static void global_back_runs(const void *job, size_t first, size_t last)
{
    const struct global *j = job;
    cn_engine_simd()->global_back(j->type, j->map, j->out, j->add, j->in, first, last);
}

void cn_engine_global_avg_pool_back(struct cnas_ctx *ctx, enum cn_engine_type type, struct cn_engine_map map, void *dx, int add_dx,
                                    const float *dy, size_t n)
{
    struct global j = {type, map, dx, dy, add_dx};
    cn_require(map.c && map.h && map.w);
    cn_engine_share(ctx, global_back_runs, &j, n * cn_engine_blocks(map.c), cn_engine_run_bytes(type, map));
}

void cn_engine_global_avg_pool_back_range(enum cn_engine_type type, struct cn_engine_map map, void *dx, int add_dx, const float *dy,
                                          size_t first, size_t last)
{
    const size_t blocks = cn_engine_blocks(map.c);
    cn_require(map.c && map.h && map.w);
    cn_engine_simd()->global_back(type, map, dx, add_dx, dy, first * blocks, last * blocks);
}

static void check(const struct cn_engine_pool *p)
{
    const struct cnas_conv_shape *s = p->shape;
    cn_require(s->c && s->k == s->c && s->kh && s->kw && s->stride && s->dilation == 1);
    cn_require(!p->max || (s->pad_y < s->kh && s->pad_x < s->kw));
    cn_require(s->h + 2 * (uint64_t)s->pad_y >= s->kh && s->w + 2 * (uint64_t)s->pad_x >= s->kw);
    cn_require((s->h + 2 * (uint64_t)s->pad_y - s->kh) / s->stride + 1 == s->oh);
    cn_require((s->w + 2 * (uint64_t)s->pad_x - s->kw) / s->stride + 1 == s->ow);
}

static size_t run_bytes(const struct cn_engine_pool *p)
{
    return cn_engine_run_bytes(p->type, (struct cn_engine_map){p->shape->c, p->shape->h, p->shape->w});
}

static void pool_runs(const void *job, size_t first, size_t last)
{
    cn_engine_simd()->pool(job, first, last);
}

void cn_engine_pool(struct cnas_ctx *ctx, const struct cn_engine_pool *p, size_t n)
{
    check(p);
    cn_engine_share(ctx, pool_runs, p, n * cn_engine_blocks(p->shape->c), run_bytes(p));
}

void cn_engine_pool_range(const struct cn_engine_pool *p, size_t first, size_t last)
{
    const size_t blocks = cn_engine_blocks(p->shape->c);
    check(p);
    cn_engine_simd()->pool(p, first * blocks, last * blocks);
}

static void pool_back_runs(const void *job, size_t first, size_t last)
{
    cn_engine_simd()->pool_back(job, first, last);
}

void cn_engine_pool_back(struct cnas_ctx *ctx, const struct cn_engine_pool *p, size_t n)
{
    check(p);
    cn_engine_share(ctx, pool_back_runs, p, n * cn_engine_blocks(p->shape->c), run_bytes(p));
}

void cn_engine_pool_back_range(const struct cn_engine_pool *p, size_t first, size_t last)
{
    const size_t blocks = cn_engine_blocks(p->shape->c);
    check(p);
    cn_engine_simd()->pool_back(p, first * blocks, last * blocks);
}
