/* Between plain values and blocked ones, and between number types. */
#include "runtime/base/misuse.h"
#include "runtime/engine/block_run.h"

struct job {
    enum cn_engine_type type, from;
    struct cn_engine_map map;
    void *y;
    const void *x;
};

static void pack_runs(const void *job, size_t first, size_t last)
{
    const struct job *j = job;
    cn_engine_simd()->pack(j->type, j->map, j->y, j->x, first, last);
}

void cn_engine_pack(struct cnas_ctx *ctx, enum cn_engine_type type, struct cn_engine_map map, void *y, const float *x, size_t n)
{
    struct job j = {.type = type, .map = map, .y = y, .x = x};
    cn_engine_share(ctx, pack_runs, &j, n * cn_engine_blocks(map.c), cn_engine_run_bytes(type, map));
}

void cn_engine_pack_range(enum cn_engine_type type, struct cn_engine_map map, void *y, const float *x, size_t first, size_t last)
{
    const size_t blocks = cn_engine_blocks(map.c);
    cn_engine_simd()->pack(type, map, y, x, first * blocks, last * blocks);
}

static void unpack_runs(const void *job, size_t first, size_t last)
{
    const struct job *j = job;
    cn_engine_simd()->unpack(j->type, j->map, j->y, j->x, first, last);
}

void cn_engine_unpack(struct cnas_ctx *ctx, enum cn_engine_type type, struct cn_engine_map map, float *y, const void *x, size_t n)
{
    struct job j = {.type = type, .map = map, .y = y, .x = x};
    cn_engine_share(ctx, unpack_runs, &j, n * cn_engine_blocks(map.c), cn_engine_run_bytes(type, map));
}

void cn_engine_unpack_range(enum cn_engine_type type, struct cn_engine_map map, float *y, const void *x, size_t first, size_t last)
{
    const size_t blocks = cn_engine_blocks(map.c);
    cn_engine_simd()->unpack(type, map, y, x, first * blocks, last * blocks);
}

static void convert_numbers(const void *job, size_t first, size_t last)
{
    const struct job *j = job;
    cn_engine_simd()->convert(j->type, j->y, j->from, j->x, first, last);
}

void cn_engine_convert(struct cnas_ctx *ctx, enum cn_engine_type to, void *y, enum cn_engine_type from, const void *x, size_t count)
{
    struct job j = {.type = to, .from = from, .y = y, .x = x};
    cn_engine_share(ctx, convert_numbers, &j, count, cn_engine_type_size(to));
}
