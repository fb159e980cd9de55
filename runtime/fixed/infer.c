/* The network on integers, in the clear, images shared out to threads. */
#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"
#include "runtime/fixed/quant.h"
#include "runtime/fixed/segment.h"
#include "runtime/kernel/ctx.h"

#include <stdlib.h>

struct job {
    const struct cnas_fixed *q;
    const struct cnas_model *m;
    int64_t *logits;
    const uint64_t *input;
    size_t n, chunks;
    enum cnas_status *status; /* (chunks) */
};

/* values[p]: room for point p; values[0] is replaced by the image. */
static void run_image(const struct job *j, size_t image, const uint64_t **read, uint64_t *const *write, struct cn_fixed_workspace *ws)
{
    const struct cnas_model *m = j->m;
    read[0] = j->input + image * cn_point_size(m, 0);
    for (uint32_t p = 1; p < m->n_points; p++) {
        cn_fixed_segment(write[p], j->q, m, ws, p, read);
        if (m->points[p].kind != CNAS_POINT_OUTPUT)
            cn_fixed_activate(write[p], write[p], &j->q->plan, m, p);
    }
    for (uint32_t c = 0; c < m->classes; c++)
        j->logits[image * m->classes + c] = cn_fixed_signed(write[m->n_points - 1][c], j->q->plan.ring_bits);
}

static void run_chunk(void *job, size_t chunk, float *own)
{
    const struct job *j = job;
    const struct cnas_model *m = j->m;
    struct cn_fixed_workspace *ws = NULL;
    size_t total = 0;
    (void)own;
    for (uint32_t p = 0; p < m->n_points; p++)
        total += cn_point_size(m, p);
    const uint64_t **read = calloc(m->n_points, sizeof *read);
    uint64_t **write = calloc(m->n_points, sizeof *write), *slab = cn_mem_alloc(total, sizeof *slab);
    enum cnas_status status = cn_fixed_workspace_new(&ws, j->q, m);
    if (!read || !write || !slab)
        status = CNAS_E_MEMORY;
    for (size_t p = 0, at = 0; !status && p < m->n_points; at += cn_point_size(m, (uint32_t)p), p++)
        read[p] = write[p] = slab + at;
    size_t end = cn_kernel_cut(j->n, j->chunks, chunk + 1);
    for (size_t i = cn_kernel_cut(j->n, j->chunks, chunk); !status && i < end; i++)
        run_image(j, i, read, write, ws);
    cn_fixed_workspace_free(&ws);
    cn_mem_free(slab);
    free(write);
    free(read);
    j->status[chunk] = status;
}

enum cnas_status cnas_fixed_infer(const struct cnas_fixed *q, const struct cnas_model *m, struct cnas_ctx *ctx, int64_t *logits,
                                  const uint64_t *input, size_t n)
{
    const size_t threads = cnas_ctx_threads(ctx), chunks = n < threads ? n : threads;
    enum cnas_status *status = calloc(chunks + 1, sizeof *status), result = CNAS_OK;
    cn_require(cn_point_size(m, m->n_points - 1) == m->classes);
    if (!status)
        return CNAS_E_MEMORY;
    struct job job = {q, m, logits, input, n, chunks, status};
    cn_kernel_run(ctx, chunks, run_chunk, &job);
    for (size_t c = 0; c < chunks; c++)
        result = result ? result : status[c];
    free(status);
    return result;
}
