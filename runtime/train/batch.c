/* Normalising and augmenting, a few samples a chunk. */
#include "runtime/train/batch.h"

#include <math.h>
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

/* Rows and columns first to end - 1. */
struct window {
    size_t y0, y1, x0, x1;
};

/* What is done to one image by cropping and mirroring. */
struct view {
    size_t crop, dy, dx; /* row and column p of the padded image are p - crop of the original; it is cut at dy, dx */
    int mirror;
};

/* Where index i - offset of a row of n lies when the row is mirrored at its first and last element again and again. */
static size_t reflected(size_t i, size_t offset, size_t n)
{
    if (i >= offset && i - offset < n)
        return i - offset;
    const size_t period = n > 1 ? 2 * (n - 1) : 1, from = (i + (period - offset % period)) % period; /* i - offset, not negative */
    return from < n ? from : period - from;
}

static size_t between(size_t x, size_t least, size_t most)
{
    return x < least ? least : x < most ? x : most;
}

/* The window of out (H, W), of one channel. Columns s before mirroring, from `first` to end - 1, lie in the original, the others in the
 * border, which is the mirrored original, or zeros. */
static void crop_flip(float *out, const uint8_t *pixels, const float *levels, size_t h, size_t w, const struct view *v, const struct window *to,
                      int reflect)
{
    const size_t start = v->mirror ? w - to->x1 : to->x0, stop = v->mirror ? w - to->x0 : to->x1;
    const size_t first = between(v->dx >= v->crop ? 0 : v->crop - v->dx, start, stop);
    const size_t end = between(v->dx <= v->crop ? w : v->dx - v->crop < w ? w - (v->dx - v->crop) : 0, first, stop);
    for (size_t i = to->y0; i < to->y1; i++) {
        const size_t y = i + v->dy, outside = y < v->crop || y - v->crop >= h;
        const uint8_t *row = pixels + reflected(y, v->crop, h) * w;
        float *line = out + i * w;
        if (!reflect)
            memset(line + to->x0, 0, (to->x1 - to->x0) * sizeof *line);
        if (!reflect && outside)
            continue;
        for (size_t s = first; s < end; s++)
            line[v->mirror ? w - 1 - s : s] = levels[row[s + v->dx - v->crop]];
        for (size_t s = start; reflect && s < first; s++)
            line[v->mirror ? w - 1 - s : s] = levels[row[reflected(s + v->dx, v->crop, w)]];
        for (size_t s = end; reflect && s < stop; s++)
            line[v->mirror ? w - 1 - s : s] = levels[row[reflected(s + v->dx, v->crop, w)]];
    }
}

/* A box around cy, cx, cut off at the border. */
static struct window box(size_t h, size_t w, size_t height, size_t width, size_t cy, size_t cx)
{
    const struct window b = {.y0 = cy > height / 2 ? cy - height / 2 : 0, .x0 = cx > width / 2 ? cx - width / 2 : 0,
                             .y1 = cy + height - height / 2, .x1 = cx + width - width / 2};
    return (struct window){b.y0, b.y1 < h ? b.y1 : h, b.x0, b.x1 < w ? b.x1 : w};
}

static void cut_out(float *out, size_t w, const struct window *b)
{
    for (size_t i = b->y0; i < b->y1; i++)
        for (size_t j = b->x0; j < b->x1; j++)
            out[i * w + j] = 0;
}

struct cn_train_augment cn_train_augment_of(const struct cnas_train_options *o)
{
    return (struct cn_train_augment){.seed = o->seed, .crop = o->crop, .cutout = o->cutout, .flip = o->flip, .padding = o->padding, .cutmix = o->cutmix};
}

struct job {
    struct cn_train_batch b;
    const struct cnas_dataset *d;
    const float *levels;
    const uint32_t *order;
    size_t first, n;
    const struct cn_train_augment *augment;
};

/* All that is drawn for a sample. Every number is drawn whether it is used or not: switching one kind of augmentation leaves the others as
 * they were. */
struct draw {
    struct view view;
    struct window cutout, cutmix; /* empty ones: none */
    size_t partner;               /* whose box is put in */
};

static struct draw draw(const struct job *j, size_t at)
{
    const struct cnas_dataset *d = j->d;
    const struct cn_train_augment *a = j->augment;
    const double unit = 1.0 / 4294967296;
    struct draw out = {0};
    struct cn_train_rng r = cn_train_rng_make(a->seed, CN_TRAIN_AUGMENT, a->epoch, at);
    out.view.crop = a->crop;
    out.view.dy = cn_train_rng_below(&r, 2 * a->crop + 1);
    out.view.dx = cn_train_rng_below(&r, 2 * a->crop + 1);
    out.view.mirror = (int)cn_train_rng_below(&r, 2);
    size_t cy = cn_train_rng_below(&r, d->h), cx = cn_train_rng_below(&r, d->w);
    if (a->cutout)
        out.cutout = box(d->h, d->w, a->cutout, a->cutout, cy, cx);
    if (a->flip == CNAS_FLIP_NONE)
        out.view.mirror = 0;
    if (a->flip == CNAS_FLIP_ALTERNATE) {
        struct cn_train_rng phase = cn_train_rng_make(a->seed, CN_TRAIN_PHASE, at, 0);
        out.view.mirror = (int)((cn_train_rng_below(&phase, 2) + a->epoch) % 2);
    }
    const double chance = unit * (double)(cn_train_rng_u64(&r) >> 32), side = sqrt(unit * (double)(cn_train_rng_u64(&r) >> 32));
    cy = cn_train_rng_below(&r, d->h);
    cx = cn_train_rng_below(&r, d->w);
    out.partner = cn_train_rng_below(&r, (uint32_t)d->n);
    if (chance < a->cutmix) {
        out.cutmix = box(d->h, d->w, (size_t)lrint(side * d->h), (size_t)lrint(side * d->w), cy, cx);
        out.cutout = (struct window){0, 0, 0, 0};
    }
    return out;
}

static void show(const struct job *j, float *out, size_t at, const struct view *v, const struct window *to)
{
    const struct cnas_dataset *d = j->d;
    const size_t hw = (size_t)d->h * d->w;
    for (size_t k = 0; k < d->c; k++)
        crop_flip(out + k * hw, d->pixels + (at * d->c + k) * hw, j->levels + k * 256, d->h, d->w, v, to,
                  j->augment->padding == CNAS_PADDING_REFLECT);
}

static void sample(const struct job *j, size_t i)
{
    const struct cnas_dataset *d = j->d;
    const struct cn_train_augment *a = j->augment;
    const size_t at = j->order ? j->order[j->first + i] : j->first + i, hw = (size_t)d->h * d->w;
    const struct window whole = {0, d->h, 0, d->w};
    float *out = j->b.images + i * d->c * hw;
    j->b.labels[i] = d->labels[at];
    if (j->b.others) {
        j->b.others[i] = d->labels[at];
        j->b.shares[i] = 0;
    }
    if (!a || (!a->crop && !a->flip && !a->cutout && !(a->cutmix > 0))) {
        normalize_one(out, d->pixels + at * d->c * hw, j->levels, d->c, hw);
        return;
    }
    const struct draw drawn = draw(j, at);
    show(j, out, at, &drawn.view, &whole);
    for (size_t k = 0; k < d->c; k++)
        cut_out(out + k * hw, d->w, &drawn.cutout);
    const size_t area = (drawn.cutmix.y1 - drawn.cutmix.y0) * (drawn.cutmix.x1 - drawn.cutmix.x0);
    if (!area)
        return;
    const struct draw partner = draw(j, drawn.partner);
    show(j, out, drawn.partner, &partner.view, &drawn.cutmix);
    if (j->b.others) {
        j->b.others[i] = d->labels[drawn.partner];
        j->b.shares[i] = (float)area / (float)hw;
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

void cn_train_batch(struct cnas_ctx *ctx, const struct cn_train_batch *b, const struct cnas_dataset *d, const float *levels,
                    const uint32_t *order, size_t first, size_t n, const struct cn_train_augment *augment)
{
    struct job j = {*b, d, levels, order, first, n, augment};
    const size_t chunks = (n + SAMPLES - 1) / SAMPLES;
    if (ctx)
        cn_kernel_run(ctx, chunks, batch_chunk, &j);
    for (size_t i = 0; i < chunks && !ctx; i++)
        batch_chunk(&j, i, NULL);
}
