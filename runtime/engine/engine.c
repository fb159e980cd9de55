/* The engine: makes the graph, its units and two plans of memory, and runs batches. */
#include "runtime/engine/engine.h"

#include <string.h>

#include "runtime/base/clock.h"
#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"
#include "runtime/engine/dnnl.h"
#include "runtime/engine/run.h"

static struct cn_engine_step step(struct cn_engine *e, uint32_t i)
{
    return (struct cn_engine_step){e, &e->g.units[i], &e->states[i], i};
}

static enum cnas_status make_places(struct cn_engine *e)
{
    size_t *scratch = cn_mem_alloc(e->g.n_units, sizeof *scratch);
    if (!scratch)
        return CNAS_E_MEMORY;
    for (uint32_t i = 0; i < e->g.n_units; i++) {
        const struct cn_engine_step t = step(e, i);
        scratch[i] = cn_engine_unit_scratch(&t);
    }
    struct cn_engine_memory_want want = {.batch = e->o.batch, .type = e->o.type, .training = 1, .remake = e->o.remake, .scratch = scratch};
    enum cnas_status status = e->o.training ? cn_engine_places_new(&e->train, &e->g, &want) : CNAS_OK;
    want.training = 0;
    want.host = &e->train;
    if (!status)
        status = cn_engine_places_new(&e->infer, &e->g, &want);
    cn_mem_free(scratch);
    return status;
}

enum cnas_status cn_engine_available(struct cnas_error *err)
{
    struct cnas_error why = {0};
    if (cn_engine_dnnl(&why))
        return CNAS_OK;
    return cn_error(err, CNAS_E_IO, "%s", why.text);
}

enum cnas_status cn_engine_new(struct cn_engine **out, struct cnas_ctx *ctx, const struct cnas_model *m, const struct cn_engine_options *o,
                               struct cnas_error *err)
{
    cn_require(o->batch && (m->layers || !m->n_layers));
    struct cn_engine *e = *out = cn_mem_zalloc(1, sizeof *e);
    if (!e)
        return cn_error(err, CNAS_E_MEMORY, "no memory for the engine");
    e->ctx = ctx;
    e->m = m;
    e->o = *o;
    enum cnas_status status = cn_engine_graph_new(&e->g, m);
    if (!status && o->training)
        cn_engine_graph_wants(&e->g);
    if (!status && !(e->states = cn_mem_zalloc(e->g.n_units, sizeof *e->states)))
        status = CNAS_E_MEMORY;
    if (status)
        (void)cn_error(err, status, "no memory for the engine");
    for (uint32_t i = 0; i < e->g.n_units && !status; i++) {
        const struct cn_engine_step t = step(e, i);
        status = cn_engine_unit_new(&t, err);
    }
    if (!status)
        cn_engine_graph_virtual_values(&e->g);
    if (!status && o->training) {
        cn_engine_graph_passes(&e->g);
        cn_engine_graph_virtual_gradients(&e->g);
    }
    cn_mem_trim(); /* measuring had maps and scratch of its own, which would stay beside the plan */
    if (!status && (status = make_places(e)))
        (void)cn_error(err, status, "no memory for batches of %zu images: try a smaller batch", o->batch);
    if (status)
        cn_engine_free(out);
    return status;
}

void cn_engine_free(struct cn_engine **engine)
{
    struct cn_engine *e = *engine;
    if (!e)
        return;
    for (uint32_t i = 0; e->states && i < e->g.n_units; i++)
        cn_engine_unit_clear(&e->states[i]);
    cn_mem_free(e->states);
    cn_engine_places_clear(&e->infer);
    cn_engine_places_clear(&e->train);
    cn_engine_graph_clear(&e->g);
    cn_mem_free(e);
    *engine = NULL;
}

void cn_engine_weights(struct cn_engine *e, float *params)
{
    const double before = cn_clock_s();
    e->params = params;
    for (uint32_t i = 0; i < e->g.n_units; i++) {
        const struct cn_engine_step t = step(e, i);
        cn_engine_unit_weights(&t);
    }
    e->weights_s += cn_clock_s() - before;
}

const float *cn_engine_forward(struct cn_engine *e, const float *images, size_t n, int training, uint64_t seed)
{
    cn_require(e->params && n && n <= e->o.batch && (!training || e->o.training));
    e->images = images;
    e->n = n;
    e->training = training;
    e->seed = seed;
    e->at = training ? &e->train : &e->infer;
    double before = cn_clock_s();
    for (uint32_t i = 0; i < e->g.n_units; i++) {
        const struct cn_engine_step t = step(e, i);
        cn_engine_unit_forward(&t);
        const double after = cn_clock_s();
        t.s->forward_s += after - before;
        before = after;
    }
    return e->g.logits ? e->at->act[e->g.logits] : images;
}

float *cn_engine_logits_gradient(struct cn_engine *e)
{
    return e->train.grad[e->g.logits];
}

static void tell(const struct cn_engine_unit *u, cn_engine_ready *ready, void *user)
{
    const struct cnas_layer *const layers[] = {u->kind == CN_ENGINE_SUM ? NULL : u->layer, u->norm[0], u->norm[1]};
    for (size_t k = 0; k < sizeof layers / sizeof *layers; k++) {
        if (!layers[k])
            continue;
        const struct cnas_param *const params[] = {layers[k]->weight, layers[k]->bias, layers[k]->gamma, layers[k]->beta};
        for (size_t j = 0; j < sizeof params / sizeof *params; j++)
            if (params[j])
                ready(user, params[j]->offset, params[j]->size);
    }
}

void cn_engine_backward(struct cn_engine *e, float *grads, cn_engine_ready *ready, void *user)
{
    cn_require(e->at == &e->train && e->training);
    e->grads = grads;
    double before = cn_clock_s();
    for (uint32_t i = e->g.n_units; i-- > 0;) {
        const struct cn_engine_step t = step(e, i);
        if (!t.u->wants)
            continue;
        for (uint32_t j = 0; e->at->remake[i] >> j; j++)
            if (e->at->remake[i] >> j & 1) {
                const struct cn_engine_step maker = step(e, (uint32_t)e->g.values[cn_engine_source(&e->g, t.u->x[j].value)].unit);
                cn_engine_sum_again(&maker);
            }
        cn_engine_unit_backward(&t);
        if (ready)
            tell(t.u, ready, user);
        const double after = cn_clock_s();
        t.s->backward_s += after - before;
        before = after;
    }
}
