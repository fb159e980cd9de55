#include "runtime/train/net.h"

#include <stdio.h>
#include <string.h>

#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/engine/dnnl.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/tuning.h"

struct cn_train_net {
    const struct cnas_model *m;
    struct cn_engine *engine; /* NULL: the model's own functions, on the slabs of run */
    float *images;            /* of the engine */
    char *choices;            /* of the engine */
    char about[256];
    struct cnas_run run;
    size_t bytes, lost; /* kernels that want.choices name and that are not to be had */
};

static const char portable[] = "portable\n", dnnl[] = "dnnl\n"; /* how choices begin */

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static float *get(struct cn_train_net *net, size_t count, size_t times)
{
    net->bytes += count * times * sizeof(float);
    return cn_mem_alloc(count * sizeof(float), times); /* checks the product */
}

static enum cnas_status make_slabs(struct cn_train_net *net, const struct cn_train_net_want *want)
{
    const struct cnas_model *m = net->m;
    struct cnas_run *r = &net->run;
    r->capacity = want->batch;
    r->act = get(net, want->training ? larger(m->train_floats, m->infer_floats) : m->infer_floats, want->batch);
    if (want->training) {
        r->dact = get(net, m->grad_floats, want->batch);
        r->state = get(net, m->state_floats, 1);
    }
    return r->act && (!want->training || (r->dact && r->state)) ? CNAS_OK : CNAS_E_MEMORY;
}

/* "dnnl", then the tuning's answers. */
static enum cnas_status keep_choices(struct cn_train_net *net, const struct cn_engine_tuning *tuning)
{
    char *text;
    CNAS_TRY(cn_engine_tuning_export(tuning, &text));
    const size_t size = strlen(text) + sizeof dnnl;
    net->choices = cn_mem_alloc(size, 1);
    if (net->choices)
        snprintf(net->choices, size, "%s%s", dnnl, text);
    cn_mem_free(text);
    return net->choices ? CNAS_OK : CNAS_E_MEMORY;
}

/* What is known of this machine, and above it what another run chose. */
static enum cnas_status recall(struct cn_engine_tuning *tuning, const char *choices, struct cnas_error *err)
{
    cn_engine_tuning_load(tuning);
    if (!choices)
        return CNAS_OK;
    const char *answers = choices + strlen(dnnl);
    return cn_engine_tuning_import(tuning, answers, strlen(answers), err);
}

static enum cnas_status make_engine(struct cn_train_net *net, const struct cn_train_net_want *want, struct cnas_error *err)
{
    struct cn_engine_tuning *tuning;
    struct cn_engine_memory memory;
    CNAS_TRY(cn_engine_tuning_new(&tuning, NULL, NULL));
    const struct cn_engine_options o = {.type = want->precision == CNAS_PRECISION_BF16 ? CN_ENGINE_BF16 : CN_ENGINE_F32, .training = want->training,
                                        .batch = want->batch, .remake = want->recompute, .tuning = tuning};
    enum cnas_status status = recall(tuning, want->choices, err);
    if (!status)
        status = cn_engine_new(&net->engine, net->run.ctx, net->m, &o, err);
    if (!status)
        (void)!cn_engine_tuning_save(tuning, NULL); /* what cannot be kept is measured again next time */
    if (!status)
        status = keep_choices(net, tuning);
    net->lost = want->choices ? cn_engine_tuning_lost(tuning) : 0;
    cn_engine_tuning_free(&tuning);
    if (status)
        return status;
    net->images = get(net, (size_t)net->m->c * net->m->h * net->m->w, want->batch);
    cn_engine_memory(net->engine, &memory);
    net->bytes += memory.planned + memory.weights;
    return net->images ? CNAS_OK : CNAS_E_MEMORY;
}

static void describe(struct cn_train_net *net, int on_engine, const struct cn_train_net_want *want, const char *why_not)
{
    char others[128] = "";
    if (net->lost)
        snprintf(others, sizeof others, "; %zu kernels of the checkpoint are not to be had here: others, with other rounding", net->lost);
    if (on_engine)
        snprintf(net->about, sizeof net->about, "dnnl, %s, %s%s%s", want->precision == CNAS_PRECISION_BF16 ? "bf16" : "fp32",
                 cn_engine_dnnl_version(cn_engine_dnnl(NULL)), want->recompute ? ", recomputing" : "", others);
    else
        snprintf(net->about, sizeof net->about, "portable, fp32%s%.200s", *why_not ? ": " : "", why_not);
}

enum cnas_status cn_train_net_new(struct cn_train_net **out, struct cnas_ctx *ctx, const struct cnas_model *m,
                                  const struct cn_train_net_want *want, struct cnas_error *err)
{
    struct cnas_error why = {0};
    const int other = want->choices != NULL, other_dnnl = other && !strncmp(want->choices, dnnl, strlen(dnnl));
    *out = NULL;
    if (other && !other_dnnl && strcmp(want->choices, portable))
        return cn_error(err, CNAS_E_FORMAT, "the choices of an engine that is not known here");
    if (!m->layers)
        (void)cn_error(&why, CNAS_E_RANGE, "the model has no layers as data");
    const int wanted = other ? other_dnnl : want->engine != CNAS_ENGINE_PORTABLE;
    const int available = wanted && m->layers && !cn_engine_available(&why);
    if (other_dnnl && !available)
        return cn_error(err, CNAS_E_MISMATCH, "it was trained on the engine dnnl, which cannot be had now: %s", why.text);
    if (want->engine == CNAS_ENGINE_DNNL && !available)
        return cn_error(err, CNAS_E_RANGE, "the engine dnnl cannot be had: %s", why.text);
    if (want->precision == CNAS_PRECISION_BF16 && !available)
        return cn_error(err, CNAS_E_RANGE, "precision bf16 needs the engine dnnl%s%s", *why.text ? ", which cannot be had: " : "", why.text);
    struct cn_train_net *net = *out = cn_mem_zalloc(1, sizeof *net);
    enum cnas_status status = CNAS_E_MEMORY;
    if (net) {
        net->m = m;
        net->run = (struct cnas_run){.model = m, .ctx = ctx};
        status = available ? make_engine(net, want, err) : make_slabs(net, want);
        describe(net, available, want, wanted ? why.text : "");
    }
    if (status)
        cn_train_net_free(out);
    if (status == CNAS_E_MEMORY)
        return cn_error(err, status, "no memory for batches of %zu images: try a smaller batch", want->batch);
    return status;
}

void cn_train_net_free(struct cn_train_net **pointer)
{
    struct cn_train_net *net = *pointer;
    if (!net)
        return;
    cn_engine_free(&net->engine);
    cn_mem_free(net->images);
    cn_mem_free(net->choices);
    cn_mem_free(net->run.act);
    cn_mem_free(net->run.dact);
    cn_mem_free(net->run.state);
    cn_mem_free(net);
    *pointer = NULL;
}

float *cn_train_net_images(struct cn_train_net *net)
{
    return net->engine ? net->images : cnas_act(&net->run, net->m->input_offset);
}

void cn_train_net_weights(struct cn_train_net *net, float *params)
{
    net->run.params = params;
    if (net->engine)
        cn_engine_weights(net->engine, params);
}

const float *cn_train_net_forward(struct cn_train_net *net, size_t n, int training, uint64_t seed)
{
    if (net->engine)
        return cn_engine_forward(net->engine, net->images, n, training, seed);
    net->run.n = n;
    net->run.seed = seed;
    (training ? net->m->forward : net->m->infer)(&net->run);
    return cnas_act(&net->run, training ? net->m->train_logits_offset : net->m->infer_logits_offset);
}

float *cn_train_net_logits_gradient(struct cn_train_net *net)
{
    return net->engine ? cn_engine_logits_gradient(net->engine) : cnas_dact(&net->run, net->m->logits_grad_offset);
}

void cn_train_net_backward(struct cn_train_net *net, float *grads, void (*ready)(void *user, size_t offset, size_t size), void *user)
{
    net->run.grads = grads;
    if (net->engine) {
        cn_engine_backward(net->engine, grads, ready, user);
        return;
    }
    net->m->backward(&net->run);
    for (size_t i = net->m->n_params; ready && i-- > 0;)
        if (net->m->params[i].offset < net->m->params_trained)
            ready(user, net->m->params[i].offset, net->m->params[i].size);
}

const char *cn_train_net_choices(const struct cn_train_net *net)
{
    return net->engine ? net->choices : portable;
}

const char *cn_train_net_about(const struct cn_train_net *net)
{
    return net->about;
}

size_t cn_train_net_memory(const struct cn_train_net *net)
{
    return net->bytes;
}

int cn_train_net_is_engine(const struct cn_train_net *net)
{
    return net->engine != NULL;
}

size_t cn_train_net_parts(const struct cn_train_net *net, struct cnas_train_part parts[CN_TRAIN_PARTS])
{
    struct cn_engine_time times[CN_ENGINE_TIMES];
    size_t n = 0;
    _Static_assert((int)CN_ENGINE_TIMES <= (int)CN_TRAIN_PARTS, "room for every kind");
    if (!net->engine)
        return 0;
    cn_engine_times(net->engine, times);
    for (size_t i = 0; i < CN_ENGINE_TIMES; i++)
        if (times[i].forward_s > 0 || times[i].backward_s > 0 || times[i].other_s > 0)
            parts[n++] = (struct cnas_train_part){times[i].kind, times[i].forward_s, times[i].backward_s, times[i].other_s};
    return n;
}
