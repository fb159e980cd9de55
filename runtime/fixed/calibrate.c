/* The folded network in double precision on calibration images. The images are cut in a fixed number of chunks, whose sums are added
 * in order: the result does not depend on the number of threads. */
#include "runtime/fixed/calibrate.h"

#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"
#include "runtime/fixed/gemm.h"
#include "runtime/fixed/quant.h"
#include "runtime/kernel/ctx.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNKS = 16 };

struct job {
    const struct cnas_model *m;
    const struct cnas_fold *f;
    const float *images;
    size_t n, chunks;
    uint32_t *label;          /* (n) */
    const size_t *at;         /* (n_points + 1) */
    double *z_max, *y_max;    /* (chunks, n_points) */
    double *sum;              /* (chunks, at[n_points]): sums of the points' values */
    enum cnas_status *status; /* (chunks) */
};

/* |z| of the point enters *z_max; z becomes the point's value, which enters *y_max. 0 if all are finite. */
static int finish_point(double *z, size_t size, enum cnas_point_kind kind, double *z_max, double *y_max)
{
    for (size_t i = 0; i < size; i++) {
        if (!isfinite(z[i]))
            return -1;
        *z_max = fmax(*z_max, fabs(z[i]));
        if (kind == CNAS_POINT_RELU)
            z[i] = fmax(z[i], 0);
        *y_max = fmax(*y_max, fabs(z[i]));
    }
    return 0;
}

static enum cnas_status run_image(const struct job *j, size_t image, double *const *values, struct cn_gemm_scratch *scratch,
                                  double *z_max, double *y_max)
{
    const struct cnas_model *m = j->m;
    const size_t size = cn_point_size(m, 0);
    for (size_t i = 0; i < size; i++)
        values[0][i] = j->images[image * size + i];
    if (finish_point(values[0], size, CNAS_POINT_INPUT, &z_max[0], &y_max[0]))
        return CNAS_E_RANGE;
    for (uint32_t p = 1; p < m->n_points; p++) {
        const struct cnas_point *point = &m->points[p];
        const size_t hw = (size_t)point->h * point->w;
        for (size_t i = 0; i < point->c * hw; i++)
            values[p][i] = j->f->bias[p][i / hw];
        for (uint32_t t = point->first_term; t < point->first_term + point->n_terms; t++)
            cn_gemm_term(values[p], j->f->weights[t], values[m->terms[t].src], scratch->col, m, t);
        if (finish_point(values[p], point->c * hw, point->kind, &z_max[p], &y_max[p]))
            return CNAS_E_RANGE;
    }
    const double *logits = values[m->n_points - 1];
    uint32_t best = 0;
    for (uint32_t c = 1; c < m->classes; c++)
        if (logits[c] > logits[best])
            best = c;
    j->label[image] = best;
    return CNAS_OK;
}

static void run_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    const struct cnas_model *m = j->m;
    struct cn_gemm_scratch scratch;
    const size_t total = j->at[m->n_points];
    double *sum = j->sum + chunk * total;
    (void)own;
    double **values = calloc(m->n_points, sizeof *values), *slab = cn_mem_alloc(total, sizeof *slab);
    enum cnas_status status = cn_gemm_scratch_init(&scratch, m);
    if (!values || !slab)
        status = CNAS_E_MEMORY;
    for (uint32_t p = 0; !status && p < m->n_points; p++)
        values[p] = slab + j->at[p];
    size_t end = cn_kernel_cut(j->n, j->chunks, chunk + 1);
    for (size_t i = cn_kernel_cut(j->n, j->chunks, chunk); !status && i < end; i++) {
        status = run_image(j, i, values, &scratch, j->z_max + chunk * m->n_points, j->y_max + chunk * m->n_points);
        for (size_t v = 0; v < total; v++)
            sum[v] += slab[v];
    }
    cn_gemm_scratch_clear(&scratch);
    cn_mem_free(slab);
    free(values);
    j->status[chunk] = status;
}

void cn_ranges_clear(struct cn_ranges *r)
{
    free(r->z_max);
    free(r->y_max);
    free(r->mean);
    free(r->mean_at);
    free(r->label);
    memset(r, 0, sizeof *r);
}

/* Chunk 0's part of each array becomes the result. */
static void collect(struct cn_ranges *r, const struct cnas_model *m, size_t n, size_t chunks)
{
    const size_t total = r->mean_at[m->n_points];
    for (size_t c = 1; c < chunks; c++) {
        for (uint32_t p = 0; p < m->n_points; p++) {
            r->z_max[p] = fmax(r->z_max[p], r->z_max[c * m->n_points + p]);
            r->y_max[p] = fmax(r->y_max[p], r->y_max[c * m->n_points + p]);
        }
        for (size_t v = 0; v < total; v++)
            r->mean[v] += r->mean[c * total + v];
    }
    for (size_t v = 0; v < total; v++)
        r->mean[v] /= (double)n;
}

enum cnas_status cn_ranges_measure(struct cn_ranges *r, struct cnas_ctx *ctx, const struct cnas_model *m, const struct cnas_fold *f,
                                   const float *images, size_t n)
{
    const size_t chunks = n < CHUNKS ? n : CHUNKS;
    enum cnas_status *status = calloc(chunks, sizeof *status), result = CNAS_E_MEMORY;
    cn_require(n);
    memset(r, 0, sizeof *r);
    r->mean_at = calloc(m->n_points + 1, sizeof *r->mean_at);
    for (uint32_t p = 0; r->mean_at && p < m->n_points; p++)
        r->mean_at[p + 1] = r->mean_at[p] + cn_point_size(m, p);
    r->z_max = calloc(chunks * m->n_points, sizeof *r->z_max);
    r->y_max = calloc(chunks * m->n_points, sizeof *r->y_max);
    r->mean = r->mean_at ? calloc(chunks * r->mean_at[m->n_points], sizeof *r->mean) : NULL;
    r->label = calloc(n, sizeof *r->label);
    if (status && r->z_max && r->y_max && r->mean && r->label) {
        struct job job = {m, f, images, n, chunks, r->label, r->mean_at, r->z_max, r->y_max, r->mean, status};
        cn_kernel_run(ctx, chunks, run_chunk, &job);
        result = CNAS_OK;
        for (size_t c = 0; c < chunks; c++)
            result = result ? result : status[c];
    }
    free(status);
    if (result)
        cn_ranges_clear(r);
    else
        collect(r, m, n, chunks);
    return result;
}
