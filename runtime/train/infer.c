/* Float inference in batches. */
#include <string.h>

#include <cnas/train.h>

#include "runtime/base/mem.h"

enum cnas_status cnas_infer(float *logits, struct cnas_ctx *ctx, const struct cnas_model *m, const float *params,
                            const float *images, size_t n)
{
    enum { MOST = 128 };
    size_t capacity = n < MOST ? n : MOST, pixels = (size_t)m->c * m->h * m->w;
    enum cnas_status status = CNAS_OK;
    if (!n)
        return CNAS_OK;
    float *act = cn_mem_alloc(m->infer_floats * capacity, sizeof *act);
    if (!act)
        return CNAS_E_MEMORY;
    for (size_t i = 0; i < n && !status; i += capacity) {
        /* m->infer reads the parameters only; the field is not const because training writes running statistics. */
        struct cnas_run r = {.model = m, .ctx = ctx, .params = (float *)(uintptr_t)params, .act = act,
                             .n = n - i < capacity ? n - i : capacity, .capacity = capacity};
        memcpy(act + m->input_offset * capacity, images + i * pixels, r.n * pixels * sizeof *act);
        m->infer(&r);
        memcpy(logits + i * m->classes, act + m->infer_logits_offset * capacity, r.n * m->classes * sizeof *act);
        if (m->result == CNAS_RESULT_PROBABILITIES)
            cnas_softmax(ctx, logits + i * m->classes, r.n, m->classes);
        status = cnas_ctx_status(ctx);
    }
    cn_mem_free(act);
    return status;
}
