#include "runtime/engine/subsample.h"

#include <string.h>

#include "runtime/kernel/ctx.h"

struct job {
    const struct cn_engine_subsample *s;
    char *y;       /* written */
    const char *x; /* read */
    int add;
};

/* Planes of one block of channels: chunk i is plane i of the batch. */
static size_t planes(const struct cn_engine_subsample *s, size_t n)
{
    return n * (cn_engine_channels(s->x.c) / cn_engine_block());
}

static size_t pixel_bytes(const struct cn_engine_subsample *s)
{
    return cn_engine_block() * cn_engine_type_size(s->type);
}

static size_t place(const struct cn_engine_subsample *s, size_t i, size_t j)
{
    return (i * s->stride + s->offset_y) * s->x.w + j * s->stride + s->offset_x;
}

static void take(void *user, size_t chunk, float *own)
{
    const struct job *k = user;
    const struct cn_engine_subsample *s = k->s;
    const size_t pixel = pixel_bytes(s);
    const char *x = k->x + chunk * s->x.h * s->x.w * pixel;
    char *y = k->y + chunk * s->y.h * s->y.w * pixel;
    (void)own;
    for (size_t i = 0; i < s->y.h; i++)
        for (size_t j = 0; j < s->y.w; j++, y += pixel)
            memcpy(y, x + place(s, i, j) * pixel, pixel);
}

static float wide(uint16_t half)
{
    const uint32_t bits = (uint32_t)half << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* To nearest even. A NaN made of halves has no lower bits, so it stays one. */
static uint16_t narrow(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static void add_pixel(enum cn_engine_type type, void *y, const void *x)
{
    const size_t lanes = cn_engine_block();
    for (size_t c = 0; c < lanes; c++)
        if (type == CN_ENGINE_BF16)
            ((uint16_t *)y)[c] = narrow(wide(((uint16_t *)y)[c]) + wide(((const uint16_t *)x)[c]));
        else
            ((float *)y)[c] += ((const float *)x)[c];
}

static void give(void *user, size_t chunk, float *own)
{
    const struct job *k = user;
    const struct cn_engine_subsample *s = k->s;
    const size_t pixel = pixel_bytes(s);
    char *dx = k->y + chunk * s->x.h * s->x.w * pixel;
    const char *dy = k->x + chunk * s->y.h * s->y.w * pixel;
    (void)own;
    if (!k->add)
        memset(dx, 0, s->x.h * s->x.w * pixel);
    for (size_t i = 0; i < s->y.h; i++)
        for (size_t j = 0; j < s->y.w; j++, dy += pixel)
            if (k->add)
                add_pixel(s->type, dx + place(s, i, j) * pixel, dy);
            else
                memcpy(dx + place(s, i, j) * pixel, dy, pixel);
}

void cn_engine_subsample(struct cnas_ctx *ctx, const struct cn_engine_subsample *s, void *y, const void *x, size_t n)
{
    cn_kernel_run(ctx, planes(s, n), take, &(struct job){s, y, x, 0});
}

void cn_engine_subsample_back(struct cnas_ctx *ctx, const struct cn_engine_subsample *s, void *dx, int add_dx, const void *dy, size_t n)
{
    cn_kernel_run(ctx, planes(s, n), give, &(struct job){s, dx, dy, add_dx});
}
