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

static bool whole(struct lower *l, uint32_t *out, int64_t value, const char *what)
{
    if (value < 0 || value > INT32_MAX)
        return lower_refuse(
            l, (struct site){0},
            arena_printf(l->a, "%s in the train section must be between 0 and 2^31 - 1, not %" PRId64, what, value));
    *out = (uint32_t)value;
    return true;
}

static bool copy_train(struct lower *l)
{
    const struct ir_train *t = &l->g->train;
    struct plan_train *d = &l->p->defaults;
    *d = (struct plan_train){.lr_max = t->lr_max,
                             .lr_min = t->lr_min,
                             .momentum = t->momentum,
                             .weight_decay = t->weight_decay,
                             .nesterov = t->nesterov,
                             .flip = t->augment_flip};
    return whole(l, &d->epochs, t->epochs, "epochs") && whole(l, &d->batch, t->batch, "batch") &&
           whole(l, &d->restart_first, t->restart_first, "the first restart period") &&
           whole(l, &d->restart_factor, t->restart_factor, "the restart factor") && whole(l, &d->crop, t->augment_crop, "crop") &&
           whole(l, &d->cutout, t->augment_cutout, "cutout");
}

/* What the language can ask of private inference, and this version does. */
static bool copy_private(struct lower *l)
{
    const struct ir_private *p = &l->g->private;
    l->p->ring_bits = (uint32_t)p->ring;
    return !p->fraction || lower_refuse(l, (struct site){0},
                                        arena_printf(l->a,
                                                     "fraction = %" PRId64 " is not available: this version finds the fraction bits of each "
                                                     "layer on training images; write fraction = auto", p->fraction));
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
    if (!find_ends(&l) || !copy_train(&l) || !copy_private(&l) || !lower_layers(&l) || !lower_buffers(&l))
        return NULL;
    if (sides == PLAN_PRIVATE) {
        if (!lower_segments(&l)) {
            why->only_private = true;
            return NULL;
        }
        lower_folds(&l);
        l.p->is_private = true;
    }
    set_digests(&l);
    return l.p;
}
