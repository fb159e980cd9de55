/* Float inference in batches. */
#include "runtime/train/infer.h"

#include <string.h>

#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"

struct cnas_inference {
    const struct cnas_model *m;
    struct cnas_ctx *ctx;
    struct cn_train_net *net;
    size_t batch;
};

enum cnas_status cn_train_inference_new(struct cnas_inference **out, struct cnas_ctx *ctx, const struct cnas_model *m, const float *params,
                                        const struct cn_train_net_want *want, struct cnas_error *err)
{
    cn_require(want->batch);
    struct cnas_inference *f = *out = cn_mem_zalloc(1, sizeof *f);
    if (!f)
        return cn_error(err, CNAS_E_MEMORY, "no memory to infer");
    f->m = m;
    f->ctx = ctx;
    f->batch = want->batch;
    enum cnas_status status = cn_train_net_new(&f->net, ctx, m, want, err);
    if (status)
        cnas_inference_free(out);
    else /* inference reads the parameters only; they are not const because training writes running statistics */
        cn_train_net_weights(f->net, (float *)(uintptr_t)params);
    return status;
}

enum cnas_status cnas_inference_new(struct cnas_inference **out, struct cnas_ctx *ctx, const struct cnas_model *m, const float *params,
                                    enum cnas_engine engine, size_t batch, struct cnas_error *err)
{
    const struct cn_train_net_want want = {.engine = engine, .precision = CNAS_PRECISION_FP32, .batch = batch};
    return cn_train_inference_new(out, ctx, m, params, &want, err);
}

void cnas_inference_free(struct cnas_inference **f)
{
    if (*f)
        cn_train_net_free(&(*f)->net);
    cn_mem_free(*f);
    *f = NULL;
}

const char *cnas_inference_engine(const struct cnas_inference *f)
{
    return cn_train_net_about(f->net);
}

enum cnas_status cnas_inference_run(struct cnas_inference *f, float *logits, const float *images, size_t n)
{
    const struct cnas_model *m = f->m;
    const size_t pixels = (size_t)m->c * m->h * m->w;
    enum cnas_status status = CNAS_OK;
    for (size_t i = 0; i < n && !status; i += f->batch) {
        const size_t now = n - i < f->batch ? n - i : f->batch;
        memcpy(cn_train_net_images(f->net), images + i * pixels, now * pixels * sizeof *images);
        memcpy(logits + i * m->classes, cn_train_net_forward(f->net, now, 0, 0), now * m->classes * sizeof *logits);
        if (m->result == CNAS_RESULT_PROBABILITIES)
            cnas_softmax(f->ctx, logits + i * m->classes, now, m->classes);
        status = cnas_ctx_status(f->ctx);
    }
    return status;
}

enum cnas_status cnas_infer(float *logits, struct cnas_ctx *ctx, const struct cnas_model *m, const float *params,
                            const float *images, size_t n)
{
    struct cnas_inference *f;
    if (!n)
        return CNAS_OK;
    CNAS_TRY(cnas_inference_new(&f, ctx, m, params, CNAS_ENGINE_PORTABLE, n < CNAS_INFERENCE_BATCH ? n : CNAS_INFERENCE_BATCH, NULL));
    const enum cnas_status status = cnas_inference_run(f, logits, images, n);
    cnas_inference_free(&f);
    return status;
}
