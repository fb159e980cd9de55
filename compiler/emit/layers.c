/* The layers as data, struct cnas_layer of <cnas/model.h>: the same network as the calls, for an engine that makes its own schedule. */
#include "compiler/emit/emit_internal.h"

#include <inttypes.h>

static void param(struct c_items *items, const struct plan_layer *l, enum plan_param_kind kind, const char *field)
{
    if (l->param[kind] != PLAN_NONE)
        c_item(items, ".%s = &params[%" PRIu32 "]", field, l->param[kind]);
}

static void print_operands(struct emit *e, struct text *t)
{
    c_comment(t, "What each layer reads: value, channels, rows, columns. Value 0 is the input, value i + 1 the result of layer i.");
    c_begin(t, "static const struct cnas_operand operands[] =");
    for (uint32_t i = 0; i < e->p->n_layers; i++) {
        const struct plan_layer *l = &e->p->layers[i];
        struct c_items items = c_items_new(e->a);
        for (uint32_t k = 0; k < l->n_x; k++) {
            const struct plan_dims d = l->x[k].dims;
            c_item(&items, "{%" PRIu32 ", %" PRIu32 ", %" PRIu32 ", %" PRIu32 "}", plan_value(e->p, l->x[k].train), d.c, d.h, d.w);
        }
        c_list(t, "", &items, ",");
    }
    c_end(t, ";");
    c_blank(t);
}

static void print_layer(struct emit *e, struct text *t, const struct plan_layer *l, uint32_t first_x)
{
    static const char *const ops[PLAN_OP_COUNT] = {
        [PLAN_CONV] = "CONV", [PLAN_LINEAR] = "LINEAR", [PLAN_BATCH_NORM] = "BATCH_NORM", [PLAN_RELU] = "RELU", [PLAN_AVG_POOL] = "AVG_POOL",
        [PLAN_GLOBAL_AVG_POOL] = "GLOBAL_AVG_POOL", [PLAN_SQUARE] = "SQUARE", [PLAN_POLY2] = "POLY2", [PLAN_MAX_POOL] = "MAX_POOL",
        [PLAN_SUBSAMPLE] = "SUBSAMPLE", [PLAN_UPSAMPLE] = "UPSAMPLE", [PLAN_SLICE] = "SLICE", [PLAN_PAD] = "SLICE", [PLAN_ADD] = "ADD",
        [PLAN_CONCAT] = "CONCAT", [PLAN_DROPOUT] = "DROPOUT"};
    struct c_items items = c_items_new(e->a);
    c_item(&items, ".name = \"%s\"", l->name);
    c_item(&items, ".op = CNAS_OP_%s", ops[l->op]);
    c_item(&items, ".first_x = %" PRIu32, first_x);
    c_item(&items, ".n_x = %" PRIu32, l->n_x);
    c_item(&items, ".c = %" PRIu32 ", .h = %" PRIu32 ", .w = %" PRIu32, l->y.dims.c, l->y.dims.h, l->y.dims.w);
    if (emit_has_shape(l))
        c_item(&items, ".window = &%s_%s_shape", e->net, l->name);
    if (emit_has_slice(l))
        c_item(&items, ".slice = &%s_%s_shape", e->net, l->name);
    if (l->op == PLAN_SUBSAMPLE || l->op == PLAN_UPSAMPLE)
        c_item(&items, ".stride = %" PRIu32, l->window.stride);
    if (l->op == PLAN_SUBSAMPLE)
        c_item(&items, ".offset_y = %" PRIu32 ", .offset_x = %" PRIu32, l->window.offset_y, l->window.offset_x);
    param(&items, l, PLAN_WEIGHT, "weight");
    param(&items, l, PLAN_COEFFICIENTS, "weight");
    param(&items, l, PLAN_BIAS, "bias");
    param(&items, l, PLAN_GAMMA, "gamma");
    param(&items, l, PLAN_BETA, "beta");
    param(&items, l, PLAN_MEAN, "mean");
    param(&items, l, PLAN_VAR, "var");
    if (l->op == PLAN_BATCH_NORM)
        c_item(&items, ".epsilon = %s, .decay = %s", c_float(e->a, l->epsilon), c_float(e->a, l->decay));
    if (l->op == PLAN_DROPOUT)
        c_item(&items, ".rate = %s, .seed = %" PRIu32, c_float(e->a, l->rate), l->seed);
    c_list(t, "{", &items, "},");
}

void emit_layers(struct emit *e, struct text *t)
{
    if (!e->p->n_layers)
        return;
    print_operands(e, t);
    c_begin(t, "static const struct cnas_layer layers[] =");
    uint32_t first_x = 0;
    for (uint32_t i = 0; i < e->p->n_layers; i++) {
        print_layer(e, t, &e->p->layers[i], first_x);
        first_x += e->p->layers[i].n_x;
    }
    c_end(t, ";");
    c_blank(t);
}
