/* The memory of a training: everything that a step needs, allocated once. */
#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/train/loader.h"
#include "runtime/train/trainer.h"

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

enum cnas_status cn_train_allocate(struct cn_trainer *t)
{
    const struct cnas_model *m = t->m;
    size_t batch = t->o->batch;
    t->grads = cn_mem_zalloc(m->params_trained, sizeof(float));
    t->velocity = cn_mem_zalloc(m->params_trained, sizeof(float));
    t->act = cn_mem_alloc(larger(m->train_floats, m->infer_floats) * batch, sizeof(float));
    t->dact = cn_mem_alloc(m->grad_floats * batch, sizeof(float));
    t->state = cn_mem_alloc(m->state_floats, sizeof(float));
    t->levels = cn_mem_alloc((size_t)m->c * 256, sizeof(float));
    t->labels = cn_mem_alloc(batch, sizeof *t->labels);
    if (t->grads && t->velocity && t->act && t->dact && t->state && t->levels && t->labels)
        return CNAS_OK;
    return cn_error(t->err, CNAS_E_MEMORY, "no memory to train with batches of %zu images: try a smaller batch", batch);
}

void cn_train_release(struct cn_trainer *t)
{
    void *all[] = {t->grads, t->velocity, t->act, t->dact, t->state, t->levels, t->labels};
    cn_train_loader_free(&t->loader);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        cn_mem_free(all[i]);
}
