/* Batch norm, addition and ReLU forward: one pass over memory. */
#include "runtime/base/misuse.h"
#include "runtime/engine/block_run.h"

static void check(const struct cn_engine_apply *a)
{
    cn_require(a->map.c && a->map.h && a->map.w && a->y && a->in[0].z);
    for (int i = 0; i < 2; i++)
        cn_require(!a->in[i].scale == !a->in[i].shift);
}

void cn_engine_apply_range(const struct cn_engine_apply *a, size_t first, size_t last)
{
    const size_t blocks = cn_engine_blocks(a->map.c);
    check(a);
    cn_engine_simd()->apply(a, first * blocks, last * blocks);
}

static void apply_runs(const void *job, size_t first, size_t last)
{
    cn_engine_simd()->apply(job, first, last);
}

void cn_engine_apply(struct cnas_ctx *ctx, const struct cn_engine_apply *a, size_t n)
{
    struct cn_engine_apply own = *a;
    check(a);
    if (a->y != a->in[0].z && a->y != a->in[1].z)
        own.stream |= cn_engine_streams(n * cn_engine_elements(a->map) * cn_engine_type_size(a->type));
    cn_engine_share(ctx, apply_runs, &own, n * cn_engine_blocks(a->map.c), cn_engine_run_bytes(a->type, a->map));
}
