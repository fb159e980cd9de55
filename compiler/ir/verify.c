#include "compiler/ir/verify.h"

#include "compiler/ir/names.h"
#include "compiler/ir/shape.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>

const char *ir_train_verify(struct arena *a, const struct ir_train *t)
{
    const struct {
        const char *name;
        double value, least, below; /* least <= value < below */
    } reals[] = {
        {"lr_max", t->lr_max, 0x1p-1000, INFINITY}, /* positive */
        {"lr_min", t->lr_min, 0, INFINITY},
        {"momentum", t->momentum, 0, 1},
        {"weight_decay", t->weight_decay, 0, INFINITY},
        {"beta1", t->beta1, 0, 1},
        {"beta2", t->beta2, 0, 1},
        {"epsilon", t->epsilon, 0x1p-1000, INFINITY},
        {"bias_lr", t->bias_lr, 0x1p-1000, INFINITY},
        {"warmup", t->warmup, 0, INFINITY},
        {"cycle_up", t->cycle_up, 0, 1},
        {"cycle_start", t->cycle_start, 0, 1},
        {"step_factor", t->step_factor, 0, INFINITY},
        {"label_smoothing", t->label_smoothing, 0, 1},
        {"ema", t->ema, 0, 1},
        {"clip", t->clip, 0, INFINITY},
    };
    const struct {
        const char *name;
        int64_t value, least, most;
    } ints[] = {
        {"epochs", t->epochs, 1, 1000000},
        {"batch", t->batch, 1, 1000000},
        {"restart_first", t->restart_first, 0, 1000000},
        {"restart_factor", t->restart_factor, 1, 1000000},
        {"augment_crop", t->augment_crop, 0, IR_MAX_CROP},
        {"augment_cutout", t->augment_cutout, 0, IR_MAX_CUTOUT},
        {"optimizer", t->optimizer, IR_SGD, IR_ADAMW},
        {"schedule", t->schedule, IR_COSINE, IR_CONSTANT},
    };
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) {
        if (!(reals[i].value >= reals[i].least && reals[i].value < reals[i].below))
            return arena_printf(a, "%s must be %s%s, not %g", reals[i].name, reals[i].least > 0 ? "positive" : "at least 0",
                                isfinite(reals[i].below) ? " and less than 1" : "", reals[i].value);
    }
    if (!(t->augment_cutmix >= 0 && t->augment_cutmix <= 1))
        return arena_printf(a, "augment_cutmix must be 0 to 1, not %g", t->augment_cutmix);
    if (!(t->distill_weight >= 0 && t->distill_weight <= 1))
        return arena_printf(a, "distill_weight must be 0 to 1, not %g", t->distill_weight);
    if (t->distill_weight > 0 && t->temperature == 0)
        return arena_printf(a, "distill_weight %g has no temperature", t->distill_weight);
    if (t->temperature != 0 && !(t->temperature >= 0.01 && t->temperature <= 1000))
        return arena_printf(a, "temperature must be 0.01 to 1000, or 0, not %g", t->temperature);
    if (t->lr_min > t->lr_max)
        return arena_printf(a, "lr_min %g is larger than lr_max %g", t->lr_min, t->lr_max);
    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++)
        if (ints[i].value < ints[i].least || ints[i].value > ints[i].most)
            return arena_printf(a, "%s must be %" PRId64 " to %" PRId64 ", not %" PRId64, ints[i].name, ints[i].least, ints[i].most, ints[i].value);
    for (int i = 0; i < IR_MILESTONES; i++) {
        const int64_t before = i ? t->milestones[i - 1] : 0, m = t->milestones[i];
        if (m < 0 || m > 1000000 || (m && (m <= before || (i && !before))))
            return arena_printf(a, "milestones must ascend from 1 to 1000000, then be 0: %" PRId64 " follows %" PRId64, m, before);
    }
    return NULL;
}

const char *ir_private_verify(struct arena *a, const struct ir_private *p)
{
    if ((unsigned)p->protocol > IR_PROTOCOL_GC || (unsigned)p->network > IR_NETWORK_WAN)
        return "a word of the private section is none that there is";
    if (p->ring && (p->ring < IR_RING_MIN || p->ring > IR_RING_MAX))
        return arena_printf(a, "ring must be 0 or %d to %d, not %" PRId64, IR_RING_MIN, IR_RING_MAX, p->ring);
    if (p->fraction < 0 || p->fraction > IR_FRACTION_MAX)
        return arena_printf(a, "fraction must be 0 to %d, not %" PRId64, IR_FRACTION_MAX, p->fraction);
    return NULL;
}

static bool is_identifier(const char *s)
{
    if (!isalpha((unsigned char)*s) && *s != '_')
        return false;
    for (; *s; s++)
        if (!isalnum((unsigned char)*s) && *s != '_')
            return false;
    return true;
}

static const char *verify_node(struct arena *a, const struct ir_graph *g, ir_id id, struct ir_names *names)
{
    const struct ir_node *n = &g->nodes[id];
    uint32_t other;
    if (!n->name || !ir_name_valid(n->name))
        return arena_printf(a, "node %" PRIu32 " has the invalid name '%s'", id, n->name ? n->name : "");
    if (ir_names_find(names, n->name, &other))
        return arena_printf(a, "nodes %" PRIu32 " and %" PRIu32 " are both named %s", other, id, n->name);
    ir_names_take(names, n->name, n->name, id);
    if ((unsigned)n->op >= IR_OP_COUNT)
        return arena_printf(a, "%s has the unknown operator %d", n->name, (int)n->op);
    struct ir_shape *in = ARENA_ARRAY(a, struct ir_shape, n->n_in);
    for (uint32_t i = 0; i < n->n_in; i++) {
        if (n->in[i] >= id)
            return arena_printf(a, "%s is node %" PRIu32 " and uses node %" PRIu32 ", which does not come before it", n->name, id, n->in[i]);
        in[i] = g->nodes[n->in[i]].shape;
    }
    if (n->rescale && !ir_may_rescale(n->op))
        return arena_printf(a, "%s is rescaled, and %s is no operator whose result could be", n->name, ir_op_name(n->op));
    struct ir_shape shape;
    const char *why;
    if (!ir_shape_infer(a, n->op, in, n->n_in, n, &shape, &why))
        return arena_printf(a, "%s: %s", n->name, why);
    if (!ir_shape_equal(shape, n->shape))
        return arena_printf(a, "%s has shape %s, but %s gives %s", n->name, ir_shape_text(a, n->shape), ir_op_name(n->op), ir_shape_text(a, shape));
    return NULL;
}

static const char *verify_outputs(struct arena *a, const struct ir_graph *g, ir_id *node)
{
    struct ir_names names = ir_names_new(a);
    bool *needed = ARENA_ARRAY(a, bool, g->n_nodes);
    if (g->n_outputs == 0)
        return "the network has no output";
    for (uint32_t i = 0; i < g->n_outputs; i++) {
        const struct ir_output *o = &g->outputs[i];
        uint32_t other;
        if (!o->name || !ir_name_valid(o->name))
            return arena_printf(a, "output %" PRIu32 " has the invalid name '%s'", i, o->name ? o->name : "");
        if (ir_names_find(&names, o->name, &other))
            return arena_printf(a, "two outputs are named %s", o->name);
        ir_names_take(&names, o->name, o->name, i);
        if (o->node >= g->n_nodes)
            return arena_printf(a, "output %s is node %" PRIu32 " of %" PRIu32, o->name, o->node, g->n_nodes);
        needed[o->node] = true;
    }
    for (ir_id id = g->n_nodes; id-- > 0;) {
        *node = id;
        if (!needed[id])
            return arena_printf(a, "no output needs %s", g->nodes[id].name);
        for (uint32_t i = 0; i < g->nodes[id].n_in; i++)
            needed[g->nodes[id].in[i]] = true;
    }
    *node = IR_NONE;
    return NULL;
}

static const char *verify_budget(struct arena *a, const struct ir_graph *g, const struct ir_budget *b)
{
    if (!b->scope)
        return "a budget has no scope";
    if (b->limit < 0)
        return arena_printf(a, "the budget of %s is negative", b->scope);
    if (!b->nodes && b->n_nodes)
        return arena_printf(a, "the budget of %s has a count of nodes, but no nodes", b->scope);
    for (uint32_t i = 0; i < b->n_nodes; i++) {
        if (b->nodes[i] >= g->n_nodes)
            return arena_printf(a, "the budget of %s covers node %" PRIu32 " of %" PRIu32, b->scope, b->nodes[i], g->n_nodes);
        if (i > 0 && b->nodes[i - 1] >= b->nodes[i])
            return arena_printf(a, "the nodes that the budget of %s covers are not ascending", b->scope);
    }
    return NULL;
}

const char *ir_verify(struct arena *a, const struct ir_graph *g, ir_id *node)
{
    struct ir_names names = ir_names_new(a);
    const char *why;
    for (ir_id id = 0; id < g->n_nodes; id++) {
        *node = id;
        if ((why = verify_node(a, g, id, &names)))
            return why;
    }
    *node = IR_NONE;
    if (!g->name || !is_identifier(g->name))
        return arena_printf(a, "the network has the invalid name '%s'", g->name ? g->name : "");
    if ((why = verify_outputs(a, g, node)))
        return why;
    for (uint32_t i = 0; i < g->n_budgets; i++)
        if ((why = verify_budget(a, g, &g->budgets[i])))
            return why;
    for (uint32_t i = 0; i < g->n_wishes; i++)
        if (!g->wishes[i].pass || !is_identifier(g->wishes[i].pass) || !g->wishes[i].args)
            return "a pass that is asked for has a name that is none";
    why = ir_train_verify(a, &g->train);
    return why ? why : ir_private_verify(a, &g->private);
}
