/* The memory of a training: everything that a step needs, allocated once; and giving back what a training has. */
#include <string.h>

#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/train/loader.h"
#include "runtime/train/net.h"
#include "runtime/train/optimizer.h"
#include "runtime/train/trainer.h"

/* Adds what it gets to t->progress.memory. */
static void *get(struct cn_trainer *t, size_t count, size_t size)
{
    t->progress.memory += count * size;
    return cn_mem_alloc(count, size);
}

static enum cnas_status keep_choices(struct cn_trainer *t)
{
    const char *text = cn_train_net_choices(t->net);
    const size_t size = strlen(text) + 1;
    cn_mem_free(t->at.choices);
    t->at.choices = cn_mem_alloc(size, 1);
    if (!t->at.choices)
        return cn_error(t->err, CNAS_E_MEMORY, "no memory to train");
    memcpy(t->at.choices, text, size);
    return CNAS_OK;
}

enum cnas_status cn_train_make_net(struct cn_trainer *t)
{
    const struct cn_train_net_want want = {.engine = t->o->engine, .precision = t->o->precision, .training = 1,
                                           .recompute = t->control->recompute, .batch = cn_train_share_most(&t->together, t->o->batch),
                                           .choices = t->at.choices};
    CNAS_TRY(cn_train_net_new(&t->net, t->ctx, t->m, &want, t->err));
    t->progress.memory += cn_train_net_memory(t->net);
    t->progress.engine = cn_train_net_about(t->net);
    return keep_choices(t);
}

enum cnas_status cn_train_allocate(struct cn_trainer *t)
{
    const struct cnas_model *m = t->m;
    size_t batch = cn_train_share_most(&t->together, t->o->batch);
    t->at.memory_floats = cn_train_memory_floats(m, t->o);
    t->at.memory = get(t, t->at.memory_floats, sizeof(float));
    t->at.best_params = t->sets->validation ? get(t, m->params_floats, sizeof(float)) : NULL;
    t->grads = get(t, m->params_trained, sizeof(float));
    t->levels = get(t, (size_t)m->c * 256, sizeof(float));
    t->batch.labels = get(t, batch, sizeof *t->batch.labels);
    t->batch.others = get(t, batch, sizeof *t->batch.others);
    t->batch.shares = get(t, batch, sizeof *t->batch.shares);
    t->soft = get(t, t->sets->soft ? batch : 0, m->classes * sizeof *t->soft);
    if (!t->at.memory || (!t->at.best_params && t->sets->validation) || !t->grads || !t->levels || !t->batch.labels ||
        !t->batch.others || !t->batch.shares || !t->soft)
        return cn_error(t->err, CNAS_E_MEMORY, "no memory to train with batches of %zu images: try a smaller batch", batch);
    cn_train_memory_start(t->at.memory, t->at.params, m, t->o);
    memset(t->grads, 0, m->params_trained * sizeof(float));
    return CNAS_OK;
}

void cn_train_release(struct cn_trainer *t)
{
    void *all[] = {t->at.memory, t->at.best_params, t->grads, t->levels, t->batch.labels, t->batch.others, t->batch.shares, t->soft};
    cn_train_loader_free(&t->loader);
    cn_train_net_free(&t->net);
    cn_train_unlock(&t->lock);
    cn_mem_free(t->at.choices);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        cn_mem_free(all[i]);
}
