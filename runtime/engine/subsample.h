/* Every stride-th row and column of a value in blocks of channels. */
#ifndef RUNTIME_ENGINE_SUBSAMPLE_H
#define RUNTIME_ENGINE_SUBSAMPLE_H

#include <cnas/kernel.h>

#include "runtime/engine/format.h"

struct cn_engine_subsample {
    enum cn_engine_type type;
    struct cn_engine_map x, y;
    uint32_t stride, offset_y, offset_x; /* y[i,j] = x[i stride + offset_y, j stride + offset_x] */
};

void cn_engine_subsample(struct cnas_ctx *, const struct cn_engine_subsample *, void *y, const void *x, size_t n);
/* dx [+]= dy where y was taken from, else [+]= 0. */
void cn_engine_subsample_back(struct cnas_ctx *, const struct cn_engine_subsample *, void *dx, int add_dx, const void *dy, size_t n);

#endif
