/* What the engine can say of itself: memory and time. */
#include <string.h>

#include "runtime/engine/run.h"

static size_t unit_bytes(const struct cn_engine *e, uint32_t i)
{
    const struct cn_engine_unit *u = &e->g.units[i];
    if (e->states[i].wino)
        return cn_engine_wino_memory(e->states[i].wino);
    if (e->states[i].conv)
        return cn_engine_conv_memory(e->states[i].conv);
    return u->kind == CN_ENGINE_SUM ? cn_engine_sum_vectors(u) * sizeof(float) : 0;
}

void cn_engine_memory(const struct cn_engine *e, struct cn_engine_memory *memory)
{
    const struct cn_engine_places *p = e->o.training ? &e->train : &e->infer;
    *memory = (struct cn_engine_memory){.values = p->peak[CN_ENGINE_BYTES_ACT], .gradients = p->peak[CN_ENGINE_BYTES_GRAD],
                                        .scratch = p->peak[CN_ENGINE_BYTES_SCRATCH],
                                        .planned = e->train.size + (e->infer.is_guest ? 0 : e->infer.size)};
    for (uint32_t i = 0; i < e->g.n_units; i++)
        memory->weights += unit_bytes(e, i);
}

void cn_engine_times(const struct cn_engine *e, struct cn_engine_time times[CN_ENGINE_TIMES])
{
    static const char *const names[CN_ENGINE_KINDS] = {
        [CN_ENGINE_CONV] = "convolution", [CN_ENGINE_SUM] = "batch norm, addition, ReLU", [CN_ENGINE_POOL] = "pooling",
        [CN_ENGINE_GLOBAL_POOL] = "global pooling", [CN_ENGINE_CONCAT] = "concatenation", [CN_ENGINE_CHANNELS] = "channels",
        [CN_ENGINE_SUBSAMPLE] = "subsampling", [CN_ENGINE_PACK] = "to blocks", [CN_ENGINE_UNPACK] = "from blocks", [CN_ENGINE_KERNEL] = "other layers"};
    struct cn_engine_time *const gradients = &times[CN_ENGINE_KINDS], *const packing = &times[CN_ENGINE_KINDS + 1];
    _Static_assert((int)CN_ENGINE_TIMES == (int)CN_ENGINE_KINDS + 2, "a time for each kind, and two more");
    for (int k = 0; k < CN_ENGINE_KINDS; k++)
        times[k] = (struct cn_engine_time){.kind = names[k]};
    *gradients = (struct cn_engine_time){.kind = "gradients of weights"};
    *packing = (struct cn_engine_time){.kind = "packing weights", .other_s = e->weights_s};
    for (uint32_t i = 0; i < e->g.n_units; i++) {
        const struct cn_engine_state *s = &e->states[i];
        struct cn_engine_time *of_kind = &times[e->g.units[i].kind];
        of_kind->forward_s += s->forward_s - s->pack_s[0];
        of_kind->backward_s += s->backward_s - s->pack_s[1] - s->gradient_s;
        gradients->backward_s += s->gradient_s;
        packing->other_s += s->pack_s[0] + s->pack_s[1];
    }
}
