/* Normalising and augmenting, a few samples a chunk. */
#include "runtime/train/batch.h"

#include <string.h>

#include "runtime/kernel/ctx.h"
#include "runtime/train/rng.h"

enum { SAMPLES = 8 }; /* of one chunk */

void cn_train_levels(float *levels, const struct cnas_model *m)
{
    for (uint32_t c = 0; c < m->c; c++)
        for (int v = 0; v < 256; v++) {
            float unit = (float)v / 255;
            levels[c * 256 + (uint32_t)v] = m->mean ? (unit - m->mean[c]) / m->std[c] : unit;
        }
}

static void normalize_one(float *out, const uint8_t *pixels, const float *levels, size_t c, size_t hw)
{
    for (size_t k = 0; k < c; k++)
        for (size_t p = 0; p < hw; p++)
            out[k * hw + p] = levels[k * 256 + pixels[k * hw + p]];
}

void cnas_normalize(float *out, const uint8_t *pixels, size_t n, const struct cnas_model *m)
{
    size_t hw = (size_t)m->h * m->w;
    float levels[256];
    for (uint32_t k = 0; k < m->c; k++) {
        struct cnas_model one = *m;
        one.c = 1;
        one.mean = m->mean ? m->mean + k : NULL;
        one.std = m->std ? m->std + k : NULL;
        cn_train_levels(levels, &one);
        for (size_t i = 0; i < n; i++)
            normalize_one(out + (i * m->c + k) * hw, pixels + (i * m->c + k) * hw, levels, 1, hw);
    }
}

/* out (H, W) of one channel: row and column p of the padded image are p - crop of the original. */
static void crop_flip(float *out, const uint8_t *pixels, const float *levels, size_t h, size_t w, size_t crop, size_t dy, size_t dx,
                      int mirror)
{
    memset(out, 0, h * w * sizeof *out);
    size_t first = dx >= crop ? 0 : crop - dx, end = dx <= crop ? w : dx - crop < w ? w - (dx - crop) : 0; /* inside the original */
    for (size_t i = 0; i < h; i++) {
        if (i + dy < crop || i + dy - crop >= h)
            continue;
        const uint8_t *row = pixels + (i + dy - crop) * w;
        for (size_t j = first; j < end; j++)
            out[i * w + (mirror ? w - 1 - j : j)] = levels[row[j + dx - crop]];
    }
}

/* Where index i - offset of a row of n lies when the row is mirrored at its first and last element again and again. */
static size_t reflected(size_t i, size_t offset, size_t n)
{
    if (i >= offset && i - offset < n)
        return i - offset;
    const size_t period = n > 1 ? 2 * (n - 1) : 1, from = (i + (period - offset % period)) % period; /* i - offset, not negative */
    return from < n ? from : period - from;
}

/* As crop_flip, with the mirrored border in place of zeros. */
static void crop_flip_reflect(float *out, const uint8_t *pixels, const float *levels, size_t h, size_t w, size_t crop, size_t dy,
                              size_t dx, int mirror)
{
    for (size_t i = 0; i < h; i++) {
        const uint8_t *row = pixels + reflected(i + dy, crop, h) * w;
        for (size_t j = 0; j < w; j++)
            out[i * w + (mirror ? w - 1 - j : j)] = levels[row[reflected(j + dx, crop, w)]];
    }
}

static void cut_out(float *out, size_t h, size_t w, size_t size, size_t cy, size_t cx)
{
    size_t y0 = cy > size / 2 ? cy - size / 2 : 0, x0 = cx > size / 2 ? cx - size / 2 : 0;
    size_t y1 = cy + size - size / 2, x1 = cx + size - size / 2;
    for (size_t i = y0; i < y1 && i < h; i++)
        for (size_t j = x0; j < x1 && j < w; j++)
            out[i * w + j] = 0;
}

struct cn_train_augment cn_train_augment_of(const struct cnas_train_options *o)
{
    return (struct cn_train_augment){.seed = o->seed, .crop = o->crop, .cutout = o->cutout, .flip = o->flip, .padding = o->padding};
}

struct job {
    float *images;
    uint32_t *labels;
    const struct cnas_dataset *d;
    const float *levels;
    const uint32_t *order;
    size_t first, n;
    const struct cn_train_augment *augment;
};

static void sample(const struct job *j, size_t i)
{
    const struct cnas_dataset *d = j->d;
    const struct cn_train_augment *a = j->augment;
    size_t at = j->order ? j->order[j->first + i] : j->first + i, hw = (size_t)d->h * d->w;
    const uint8_t *pixels = d->pixels + at * d->c * hw;
    float *out = j->images + i * d->c * hw;
    j->labels[i] = d->labels[at];
    if (!a || (!a->crop && !a->flip && !a->cutout)) {
        normalize_one(out, pixels, j->levels, d->c, hw);
        return;
    }
    /* Every number is drawn whether it is used or not: switching one kind of augmentation leaves the others as they were. */
    struct cn_train_rng r = cn_train_rng_make(a->seed, CN_TRAIN_AUGMENT, a->epoch, at);
    uint32_t dy = cn_train_rng_below(&r, 2 * a->crop + 1), dx = cn_train_rng_below(&r, 2 * a->crop + 1);
    int mirror = (int)cn_train_rng_below(&r, 2);
    uint32_t cy = cn_train_rng_below(&r, d->h), cx = cn_train_rng_below(&r, d->w);
    if (a->flip == CNAS_FLIP_NONE)
        mirror = 0;
    if (a->flip == CNAS_FLIP_ALTERNATE) {
        struct cn_train_rng phase = cn_train_rng_make(a->seed, CN_TRAIN_PHASE, at, 0);
        mirror = (int)((cn_train_rng_below(&phase, 2) + a->epoch) % 2);
    }
    for (size_t k = 0; k < d->c; k++) {
        (a->padding == CNAS_PADDING_REFLECT ? crop_flip_reflect : crop_flip)(out + k * hw, pixels + k * hw, j->levels + k * 256, d->h, d->w,
                                                                             a->crop, dy, dx, mirror);
        if (a->cutout)
            cut_out(out + k * hw, d->h, d->w, a->cutout, cy, cx);
    }
}

static void batch_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    size_t end = j->n - chunk * SAMPLES < SAMPLES ? j->n : (chunk + 1) * SAMPLES;
    (void)own;
    for (size_t i = chunk * SAMPLES; i < end; i++)
        sample(j, i);
}

void cn_train_batch(struct cnas_ctx *ctx, float *images, uint32_t *labels, const struct cnas_dataset *d, const float *levels,
                    const uint32_t *order, size_t first, size_t n, const struct cn_train_augment *augment)
{
    struct job j = {images, labels, d, levels, order, first, n, augment};
    const size_t chunks = (n + SAMPLES - 1) / SAMPLES;
    if (ctx)
        cn_kernel_run(ctx, chunks, batch_chunk, &j);
    for (size_t i = 0; i < chunks && !ctx; i++)
        batch_chunk(&j, i, NULL);
}
