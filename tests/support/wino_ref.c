#include "tests/support/wino_ref.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

void *aligned(size_t bytes)
{
    void *p = aligned_alloc(64, (bytes + 63) / 64 * 64);
    ck_assert_ptr_nonnull(p);
    return p;
}

void ref_back(double *dx, double *dw, double *dbias, const double *dy, const double *x, const double *w, size_t n,
              const struct cnas_conv_shape *s)
{
    memset(dx, 0, n * s->c * s->h * s->w * sizeof *dx);
    memset(dw, 0, (size_t)s->k * s->c * 9 * sizeof *dw);
    memset(dbias, 0, s->k * sizeof *dbias);
    for (size_t i = 0; i < n; i++)
        for (long k = 0; k < s->k; k++)
            for (long oy = 0; oy < s->oh; oy++)
                for (long ox = 0; ox < s->ow; ox++) {
                    double g = dy[((i * s->k + (size_t)k) * s->oh + (size_t)oy) * s->ow + (size_t)ox];
                    dbias[k] += g;
                    for (long c = 0; c < s->c; c++)
                        for (long r = 0; r < 9; r++) {
                            long iy = oy + r / 3 - s->pad_y, ix = ox + r % 3 - s->pad_x, weight = (k * s->c + c) * 9 + r;
                            if (iy < 0 || iy >= s->h || ix < 0 || ix >= s->w)
                                continue;
                            size_t at_x = ((i * s->c + (size_t)c) * s->h + (size_t)iy) * s->w + (size_t)ix;
                            dx[at_x] += g * w[weight];
                            dw[weight] += g * x[at_x];
                        }
                }
}
