/* From the IR to the plan. */
#include "compiler/lower/lower.h"

#include "compiler/base/blake2b.h"

#include <inttypes.h>
#include <string.h>

bool lower_refuse(struct lower *l, struct site site, const char *text)
{
    *l->why = (struct plan_refusal){.site = site, .text = text};
    return false;
}

/* One input, one output, nothing that no output needs. */
static bool find_ends(struct lower *l)
{
    const struct ir_graph *g = l->g;
    if (g->n_outputs != 1)
        return lower_refuse(
            l, g->n_outputs ? g->nodes[g->outputs[1].node].site : (struct site){0},
            arena_printf(l->a, "a generated program has exactly one output, and this network has %" PRIu32, g->n_outputs));
    l->output = g->outputs[0].node;
    l->p->output_name = g->outputs[0].name;
    l->input = l->result = IR_NONE;
    bool *used = ARENA_ARRAY(l->a, bool, g->n_nodes);
    used[l->output] = true;
    for (ir_id id = g->n_nodes; id-- > 0;) {
        if (!used[id])
            bug("a node that no output needs");
        const struct ir_node *n = &g->nodes[id];
        for (uint32_t i = 0; i < n->n_in; i++)
            used[n->in[i]] = true;
        if (n->op != IR_INPUT)
            continue;
        if (l->input != IR_NONE)
            return lower_refuse(l, g->nodes[l->input].site, "a generated program has exactly one input, and this is the second");
        l->input = id;
    }
    const struct ir_node *in = &g->nodes[l->input], *out = &g->nodes[l->output];
    l->p->input_name = in->name;
    l->p->input = lower_dims(in->shape);
    l->p->mean = in->input.mean;
    l->p->std = in->input.std;
    if (out->op == IR_SOFTMAX || out->op == IR_ARGMAX) { /* training and inference end at the logits */
        l->p->result = out->op == IR_SOFTMAX ? PLAN_PROBABILITIES : PLAN_LABEL;
        l->result = l->output;
        l->output = out->in[0];
    }
    l->p->classes = (uint32_t)ir_elements(g->nodes[l->output].shape);
    return true;
}

/* ir_verify bounds these numbers far below 2^31. */
static void copy_train(struct lower *l)
{
    const struct ir_train *t = &l->g->train;
    struct plan_train *d = &l->p->defaults;
    *d = (struct plan_train){.lr_max = t->lr_max,
                             .lr_min = t->lr_min,
                             .momentum = t->momentum,
                             .weight_decay = t->weight_decay,
                             .nesterov = t->nesterov,
                             .epochs = (uint32_t)t->epochs,
                             .batch = (uint32_t)t->batch,
                             .restart_first = (uint32_t)t->restart_first,
                             .restart_factor = (uint32_t)t->restart_factor,
                             .flip = t->augment_flip,
                             .flip_alternate = t->flip_alternate,
                             .crop = (uint32_t)t->augment_crop,
                             .crop_reflect = t->crop_reflect,
                             .cutout = (uint32_t)t->augment_cutout,
                             .cutmix = t->augment_cutmix,
                             .optimizer = (enum plan_optimizer)t->optimizer,
                             .beta1 = t->beta1,
                             .beta2 = t->beta2,
                             .epsilon = t->epsilon,
                             .bias_lr = t->bias_lr,
                             .decoupled = t->decoupled,
                             .decay_all = t->decay_all,
                             .schedule = (enum plan_schedule)t->schedule,
                             .warmup = t->warmup,
                             .cycle_up = t->cycle_up,
                             .cycle_start = t->cycle_start,
                             .step_factor = t->step_factor,
                             .by_epoch = t->by_epoch,
                             .cycle_cosine = t->cycle_cosine,
                             .label_smoothing = t->label_smoothing,
                             .ema = t->ema,
                             .clip = t->clip,
                             .distill_weight = t->distill_weight,
                             .temperature = t->temperature};
    for (; d->n_milestones < IR_MILESTONES && t->milestones[d->n_milestones]; d->n_milestones++)
        d->milestones[d->n_milestones] = (uint32_t)t->milestones[d->n_milestones];
}

/* What the language can ask of private inference, and this version does. */
static bool is_private_available(struct lower *l)
{
    const int64_t bits = l->g->private.fraction;
    return !bits || lower_refuse(l, (struct site){0},
                                 arena_printf(l->a,
                                              "`fraction = %" PRId64 "` is not available in private inference, because this version finds the "
                                              "fraction bits of each layer on training images: write fraction = auto", bits));
}

static void set_digests(struct lower *l)
{
    struct text whole = text_new(l->a), clear = text_new(l->a);
    char *hex = arena_alloc(l->a, BLAKE2B_HEX), *clear_hex = arena_alloc(l->a, BLAKE2B_HEX);
    plan_print_network(&whole, l->p);
    plan_print_clear(&clear, l->p);
    blake2b_hex(hex, text_str(&whole), whole.n);
    blake2b_hex(clear_hex, text_str(&clear), clear.n);
    l->p->digest = hex;
    l->p->clear_digest = clear_hex;
}

const struct plan *plan_lower(struct arena *a, const struct ir_graph *g, enum plan_sides sides, struct plan_refusal *why)
{
    struct lower l = {
        .a = a, .g = g, .why = why, .p = ARENA_NEW(a, struct plan), .v = ARENA_ARRAY(a, struct lower_value, g->n_nodes)};
    l.p->network = g->name;
    if (!find_ends(&l) || !lower_layers(&l) || !lower_buffers(&l))
        return NULL;
    copy_train(&l);
    l.p->ring_bits = (uint32_t)g->private.ring;
    if (sides == PLAN_PRIVATE) {
        if (!is_private_available(&l) || !lower_segments(&l)) {
            why->only_private = true;
            return NULL;
        }
        lower_folds(&l);
        l.p->is_private = true;
    }
    set_digests(&l);
    return l.p;
}
