/* How good the network is on a data set, in inference mode. */
#include "runtime/base/error.h"
#include "runtime/train/batch.h"
#include "runtime/train/net.h"
#include "runtime/train/trainer.h"

enum cnas_status cn_train_evaluate(struct cn_trainer *t, const struct cnas_dataset *d, struct cn_train_measure *out)
{
    const struct cnas_model *m = t->m;
    struct cn_train_together *g = &t->together;
    const size_t capacity = cn_train_share_most(g, t->o->batch);
    size_t first;
    const size_t end = cn_train_share(g, d->n, &first);
    double sums[2] = {0, 0}; /* of losses, of right answers */
    int stop = 0;
    enum cnas_status status = CNAS_OK;
    cn_train_net_weights(t->net, cn_train_weights(t));
    for (size_t i = first; i < end && !status; i += capacity) {
        size_t n = end - i < capacity ? end - i : capacity, correct;
        const struct cn_train_batch b = {.images = cn_train_net_images(t->net), .labels = t->batch.labels};
        cn_train_batch(t->ctx, &b, d, t->levels, NULL, i, n, NULL);
        const float *logits = cn_train_net_forward(t->net, n, 0, 0);
        sums[0] += (double)n * cnas_softmax_cross_entropy(t->ctx, NULL, &correct, logits, b.labels, n, m->classes, 0);
        sums[1] += (double)correct;
        if (cnas_ctx_status(t->ctx))
            status = cn_error(t->err, CNAS_E_MEMORY, "no memory to test the network");
        else
            cn_train_notify(t, CNAS_TRAIN_MEASURE);
    }
    CNAS_TRY(cn_train_agree(g, status, &stop, t->err));
    CNAS_TRY(cn_train_add_up(g, sums, 2, t->err));
    *out = (struct cn_train_measure){sums[0] / (double)d->n, sums[1] / (double)d->n};
    return CNAS_OK;
}
