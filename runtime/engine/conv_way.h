/* One way to do one pass of one convolution layer: what conv.c chooses among. A provider makes the ways that fit a site. */
#ifndef RUNTIME_ENGINE_CONV_WAY_H
#define RUNTIME_ENGINE_CONV_WAY_H

#include "runtime/engine/conv.h"

enum cn_engine_conv_pass {
    CN_ENGINE_CONV_FORWARD,
    CN_ENGINE_CONV_DATA,    /* gradient of the input */
    CN_ENGINE_CONV_WEIGHTS, /* gradient of the weights */
    CN_ENGINE_CONV_PASSES
};

/* Arguments of the calls in conv.h; only those of the pass are set. */
struct cn_engine_conv_call {
    void *y, *dx;
    const void *x, *dy;
    float *dw, *dbias;
    void *scratch;
};

struct cn_engine_conv_packs; /* conv_packs.h */

/* Where a way is wanted. */
struct cn_engine_conv_site {
    struct cnas_ctx *ctx;
    const struct cn_engine_conv_want *want;
    size_t n; /* samples in a call: exactly */
    enum cn_engine_conv_pass pass;
    int chunked;      /* run inside chunks of cn_kernel_run, by several threads at once, each working alone */
    const char *only; /* make the way of this name alone; NULL: all */
    struct cn_engine_conv_packs *packs;
};

enum { CN_ENGINE_CONV_NAME = 48 };

struct cn_engine_conv_way {
    char name[CN_ENGINE_CONV_NAME]; /* printable, no '=', no newline */
    size_t scratch;                 /* bytes of the caller's */
    size_t memory;                  /* bytes that it takes while it runs: scratch, and of the context's */
    double seconds;                 /* of the fastest run, once measured */
    void (*run)(struct cn_engine_conv_way *, const struct cn_engine_conv_call *);
    void (*free)(struct cn_engine_conv_way *);
    struct cn_engine_conv_way *next;
};

/* Providers append their ways to *list, the most exact first: on a tie the first one is taken. A site that does not fit is no failure, and
 * adds nothing. CNAS_E_MEMORY: some of the ways are missing in *list, for want of memory. */
/* In the calling thread alone; also for chunks. */
CNAS_CHECKED enum cnas_status cn_engine_conv_dnnl_ways(struct cn_engine_conv_way **list, const struct cn_engine_conv_site *);
/* The same by all threads of the context. */
CNAS_CHECKED enum cnas_status cn_engine_conv_split_ways(struct cn_engine_conv_way **list, const struct cn_engine_conv_site *);
CNAS_CHECKED enum cnas_status cn_engine_conv_wino_ways(struct cn_engine_conv_way **list, const struct cn_engine_conv_site *);
CNAS_CHECKED enum cnas_status cn_engine_conv_plain_ways(struct cn_engine_conv_way **list, const struct cn_engine_conv_site *);

/* The best of a list of at least two, by timing each a few times on made-up numbers: nearly the fastest, memory considered. *best points
 * into the list. What there is no memory to run is out, and *poor becomes 1; CNAS_E_MEMORY: nothing else is left. */
CNAS_CHECKED enum cnas_status cn_engine_conv_measure(struct cn_engine_conv_way **best, int *poor, struct cn_engine_conv_way *list,
                                                     const struct cn_engine_conv_site *);

/* Which one that is, when all have been timed (seconds INFINITY: not considered). */
struct cn_engine_conv_way *cn_engine_conv_best(struct cn_engine_conv_way *list);

void cn_engine_conv_append(struct cn_engine_conv_way **list, struct cn_engine_conv_way *);
void cn_engine_conv_free_ways(struct cn_engine_conv_way **list);

/* Bytes of a site's x and dx, of its y and dy; floats of its weights. */
size_t cn_engine_conv_x_bytes(const struct cn_engine_conv_site *);
size_t cn_engine_conv_y_bytes(const struct cn_engine_conv_site *);
size_t cn_engine_conv_w_floats(const struct cnas_conv_shape *);
/* Packed weights are kept by the layer (conv_packs.h), not made by each run: several chunks share them, or they seldom change. */
static inline int cn_engine_conv_keeps_packs(const struct cn_engine_conv_site *site)
{
    return site->chunked || site->want->forward_only;
}
/* Rounded up to the alignment of what follows in a scratch area. */
static inline size_t cn_engine_conv_round(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

#endif
