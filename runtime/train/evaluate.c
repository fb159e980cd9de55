/* How good the network is on a data set, in inference mode. */
#include "runtime/base/error.h"
#include "runtime/train/batch.h"
#include "runtime/train/net.h"
#include "runtime/train/trainer.h"

enum cnas_status cn_train_evaluate(struct cn_trainer *t, const struct cnas_dataset *d, struct cn_train_measure *out)
{
    const struct cnas_model *m = t->m;
    size_t capacity = t->o->batch, right = 0;
    double loss = 0;
    cn_train_net_weights(t->net, cn_train_weights(t));
    for (size_t i = 0; i < d->n; i += capacity) {
        size_t n = d->n - i < capacity ? d->n - i : capacity, correct;
        cn_train_batch(t->ctx, cn_train_net_images(t->net), t->labels, d, t->levels, NULL, i, n, NULL);
        const float *logits = cn_train_net_forward(t->net, n, 0, 0);
        loss += (double)n * cnas_softmax_cross_entropy(t->ctx, NULL, &correct, logits, t->labels, n, m->classes, 0);
        if (cnas_ctx_status(t->ctx))
            return cn_error(t->err, CNAS_E_MEMORY, "no memory to test the network");
        right += correct;
        cn_train_notify(t, CNAS_TRAIN_MEASURE);
    }
    *out = (struct cn_train_measure){loss / (double)d->n, (double)right / (double)d->n};
    return CNAS_OK;
}
