/* Channels from one blocked value to another: concatenation and slices. Where both ends lie on block boundaries whole runs are
 * copied; elsewhere each block of y takes the parts that it needs from one or two blocks of x. */
#include <string.h>

#include "runtime/base/misuse.h"
#include "runtime/engine/block_run.h"

static float number(enum cn_engine_type type, const void *base, size_t i)
{
    if (type == CN_ENGINE_F32)
        return ((const float *)base)[i];
    uint32_t bits = (uint32_t)((const uint16_t *)base)[i] << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* y += x for `lanes` neighbouring channels of each pixel; the distance between pixels is a block. */
static void add_lanes(enum cn_engine_type type, char *y, const char *x, size_t lanes, size_t hw)
{
    const size_t block = cn_engine_block(), step = block * cn_engine_type_size(type);
    for (size_t p = 0; p < hw; p++, y += step, x += step) {
        float sum[CN_ENGINE_BLOCK_MAX];
        for (size_t i = 0; i < lanes; i++)
            sum[i] = number(type, y, i) + number(type, x, i);
        cn_engine_simd()->convert(type, y, CN_ENGINE_F32, sum, 0, lanes);
    }
}

static void copy_lanes(enum cn_engine_type type, char *y, const char *x, size_t lanes, size_t hw)
{
    const size_t block = cn_engine_block(), size = cn_engine_type_size(type), step = block * size;
    if (lanes == block) {
        memcpy(y, x, hw * step);
        return;
    }
    for (size_t p = 0; p < hw; p++, y += step, x += step)
        memcpy(y, x, lanes * size);
}

static void zero_lanes(enum cn_engine_type type, char *y, size_t lanes, size_t hw)
{
    const size_t size = cn_engine_type_size(type), step = cn_engine_block() * size;
    for (size_t p = 0; p < hw; p++, y += step)
        memset(y, 0, lanes * size);
}

static void copy_sample(const struct cn_engine_channel_copy *c, char *y, const char *x)
{
    const size_t block = cn_engine_block(), size = cn_engine_type_size(c->type), run = c->hw * block;
    for (size_t done = 0, lanes; done < c->count; done += lanes) {
        const size_t to = c->y_first + done, from = c->x_first + done;
        lanes = block - (to % block > from % block ? to % block : from % block);
        if (lanes > c->count - done)
            lanes = c->count - done;
        char *out = y + (to / block * run + to % block) * size;
        const char *in = x + (from / block * run + from % block) * size;
        if (c->add)
            add_lanes(c->type, out, in, lanes, c->hw);
        else
            copy_lanes(c->type, out, in, lanes, c->hw);
    }
    const size_t end = (size_t)c->y_first + c->count;
    if (end == c->y_channels && end % block)
        zero_lanes(c->type, y + (end / block * run + end % block) * size, block - end % block, c->hw);
}

void cn_engine_copy_channels_range(const struct cn_engine_channel_copy *c, size_t first, size_t last)
{
    cn_require(c->hw && c->count && c->y_first <= c->y_channels && c->count <= c->y_channels - c->y_first);
    cn_require(c->x_first <= c->x_channels && c->count <= c->x_channels - c->x_first);
    const size_t size = cn_engine_type_size(c->type);
    for (size_t n = first; n < last; n++)
        copy_sample(c, (char *)c->y + n * cn_engine_channels(c->y_channels) * c->hw * size,
                    (const char *)c->x + n * cn_engine_channels(c->x_channels) * c->hw * size);
}

static void copy_samples(const void *job, size_t first, size_t last)
{
    cn_engine_copy_channels_range(job, first, last);
}

void cn_engine_copy_channels(struct cnas_ctx *ctx, const struct cn_engine_channel_copy *c, size_t n)
{
    cn_engine_share(ctx, copy_samples, c, n, cn_engine_channels(c->count) * c->hw * cn_engine_type_size(c->type));
}
