/* From calls to nodes of the graph: names, places, shape errors, budgets. */
#include "compiler/sema/eval.h"

#include <ctype.h>
#include <string.h>

struct site eval_site(struct eval *e, struct span at)
{
    return site_of(at, e->frame->from, e->frame->block);
}

/* "stage1_layer0_y_conv": loop variables with their values, labels, blocks and the variable that is given a value, then the
 * operator. Too long a path loses its outermost words; the builder keeps names unique. */
const char *eval_node_name(struct eval *e, const char *op)
{
    enum { LONGEST = 160, WORD = 64 };
    char buffer[LONGEST + 2 * WORD];
    size_t at = sizeof buffer; /* filled from the end */
    size_t n = strlen(op) < WORD ? strlen(op) : WORD - 1;
    buffer[--at] = '\0';
    at -= n;
    memcpy(buffer + at, op, n);
    char word[WORD + 1] = "";
    for (const struct path *p = e->path; p; p = p->up) {
        char one[WORD + 1];
        int fits = p->index >= 0 ? snprintf(one, sizeof one, "%.40s%lld%s", p->word ? p->word : "", (long long)p->index, word)
                                 : snprintf(one, sizeof one, "%.40s%s", p->word, word); /* cut if it is too long */
        if (fits < 0)
            bug("bad printf format");
        memcpy(word, one, sizeof word);
        if (!p->word) { /* belongs to the word before; two indices in a row stay apart */
            if (p->up && !p->up->word) {
                memmove(word + 1, word, sizeof word - 2);
                word[0] = '_';
            }
            continue;
        }
        size_t length = strlen(word);
        if (sizeof buffer - at + length + 1 > LONGEST)
            break;
        buffer[--at] = '_';
        at -= length;
        memcpy(buffer + at, word, length);
        word[0] = '\0';
    }
    return arena_strdup(e->arena, buffer + at);
}

/* Records a node, or explains why its shapes do not fit, with the shape of every input at its place. */
struct value eval_node(struct eval *e, enum ir_op op, const struct call *c, const ir_id *in, const struct span *in_at, uint32_t n_in,
                       const struct ir_node *attr)
{
    enum { SHOWN = 6 };
    if (!e->builder)
        bug("a tensor outside of any network");
    if (ir_builder_count(e->builder) >= EVAL_MAX_NODES) {
        eval_halt(e, c->at, E_TOO_LARGE, "the network has more than 1,000,000 nodes");
        return value_error();
    }
    const char *why = "";
    ir_id id = ir_build(e->builder, op, eval_node_name(e, ir_op_name(op)), in, n_in, attr, eval_site(e, c->name_at), &why);
    if (id != IR_NONE && op == IR_RELU && ir_builder_node(e->builder, in[0])->op == IR_RELU) {
        diag_warning(e->diag, c->at, W_DOUBLE_RELU, "a ReLU of a ReLU changes nothing");
        eval_stack(e);
    }
    if (id != IR_NONE)
        return value_tensor(id);
    diag_error(e->diag, c->at, op == IR_ADD || op == IR_CONCAT ? E_SHAPES_DIFFER : E_SHAPE, "%s", why);
    for (uint32_t i = 0; i < n_in && i < SHOWN; i++)
        diag_note(e->diag, in_at[i], "%s is %s", n_in == 1 ? "its input" : i > 0 && in_at[i].from == in_at[i - 1].from ? "the next one" : "this",
                  ir_shape_text(e->arena, ir_builder_node(e->builder, in[i])->shape));
    if (n_in > SHOWN)
        diag_note(e->diag, c->at, "and %u more", n_in - SHOWN);
    eval_stack(e);
    return value_error();
}

bool eval_relu_budget(struct eval *e, const struct ast_annotation *a, const char *scope, int64_t *limit)
{
    struct value v = eval_expr(e, a->args.at[0].value);
    if (v.kind == VALUE_ERROR)
        return false;
    if (v.kind != VALUE_INT || v.integer < 0) {
        eval_fail(e, a->args.at[0].value->at, E_BUDGET_VALUE,
                  "the ReLU budget of %s is a whole number of ReLUs, not %s", scope, eval_describe(e, &v));
        return false;
    }
    *limit = v.integer;
    return true;
}

void eval_add_budget(struct eval *e, const struct ast_annotation *a, const char *scope, int64_t limit, uint32_t first_node)
{
    uint32_t end = ir_builder_count(e->builder);
    size_t n = end > first_node ? end - first_node : 0;
    if (!eval_step(e, a->at, n))
        return;
    ir_id *nodes = ARENA_ARRAY(e->arena, ir_id, n);
    for (size_t i = 0; i < n; i++)
        nodes[i] = first_node + (ir_id)i;
    if (n > 0)
        ir_builder_budget(e->builder, (struct ir_budget){scope, limit, nodes, (uint32_t)n, eval_site(e, a->at)});
}
