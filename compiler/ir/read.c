/* The reader of textual IR. What is read goes through the builder and the verifier, so a text cannot make a graph that the
 * language could not. */
#include "compiler/base/vec.h"
#include "compiler/ir/attr.h"
#include "compiler/ir/names.h"
#include "compiler/ir/token.h"
#include "compiler/ir/verify.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum {
    MAX_TEXT = 1 << 26, /* bytes; far more than any network's text */
    MAX_SITES = 1000,   /* blocks inside one another */
};

struct reader {
    struct ir_tokens t;
    struct ir_builder *builder;
    struct ir_names nodes, outputs;
};

/* --- values --- */

static bool read_int(struct reader *r, int64_t *value)
{
    char *end;
    errno = 0;
    *value = r->t.kind == IR_TOKEN_WORD ? strtoll(r->t.text, &end, 10) : 0;
    if (r->t.kind != IR_TOKEN_WORD || *end || errno || *r->t.text == '+')
        return IR_TOKEN_FAIL(&r->t, "expected a whole number, found %s", ir_token_shown(&r->t));
    return ir_token_next(&r->t);
}

static bool read_real(struct reader *r, double *value)
{
    bool digits = r->t.kind == IR_TOKEN_WORD && strspn(r->t.text, "0123456789.e+-") == strlen(r->t.text); /* no inf, nan, 0x */
    char *end;
    *value = digits ? strtod(r->t.text, &end) : 0;
    if (!digits || *end || !isfinite(*value))
        return IR_TOKEN_FAIL(&r->t, "expected a number, found %s", ir_token_shown(&r->t));
    return ir_token_next(&r->t);
}

static bool read_bool(struct reader *r, bool *value)
{
    *value = ir_token_is(&r->t, IR_TOKEN_WORD, "true");
    if (!*value && !ir_token_is(&r->t, IR_TOKEN_WORD, "false"))
        return IR_TOKEN_FAIL(&r->t, "expected true or false, found %s", ir_token_shown(&r->t));
    return ir_token_next(&r->t);
}

static bool read_attr(struct reader *r, const struct ir_attr *attr, void *record)
{
    void *to = (char *)record + attr->offset;
    if (!ir_token_next(&r->t) || !ir_token_expect(&r->t, IR_TOKEN_SIGN, "="))
        return false;
    switch (attr->kind) {
    case IR_ATTR_INT:
        return read_int(r, to);
    case IR_ATTR_BOOL:
        return read_bool(r, to);
    case IR_ATTR_REAL:
        return read_real(r, to);
    }
    return false;
}

static bool read_shape(struct reader *r, struct ir_shape *s)
{
    int64_t side[3];
    int rank = 0;
    const char *c = r->t.kind == IR_TOKEN_WORD ? r->t.text : "";
    bool more = true;
    for (; more && rank < 3; rank++) {
        char *end;
        errno = 0;
        side[rank] = *c >= '0' && *c <= '9' ? strtoll(c, &end, 10) : 0;
        if (side[rank] <= 0 || errno)
            return IR_TOKEN_FAIL(&r->t, "expected a shape such as 16x28x28 or 10, found %s", ir_token_shown(&r->t));
        more = *end == 'x';
        c = end + more;
    }
    if (*c || more || rank == 2)
        return IR_TOKEN_FAIL(&r->t, "expected a shape such as 16x28x28 or 10, found %s", ir_token_shown(&r->t));
    *s = rank == 1 ? (struct ir_shape){1, side[0], 1, 1} : (struct ir_shape){3, side[0], side[1], side[2]};
    return ir_token_next(&r->t);
}

static bool read_reals(struct reader *r, const double **values, size_t *n)
{
    VEC(double) v = {0};
    if (!ir_token_next(&r->t) || !ir_token_expect(&r->t, IR_TOKEN_SIGN, "=") || !ir_token_expect(&r->t, IR_TOKEN_SIGN, "["))
        return false;
    while (!ir_token_is(&r->t, IR_TOKEN_SIGN, "]")) {
        double value;
        if (!read_real(r, &value))
            return false;
        vec_push(r->t.arena, &v, value);
    }
    if (v.n == 0)
        return IR_TOKEN_FAIL(&r->t, "expected a number, found %s", ir_token_shown(&r->t));
    *values = v.at;
    *n = v.n;
    return ir_token_next(&r->t);
}

static bool read_line_number(struct reader *r, int *number)
{
    int64_t value;
    if (!ir_token_expect(&r->t, IR_TOKEN_SIGN, ":"))
        return false;
    int line = r->t.token_line, column = r->t.token_column;
    if (!read_int(r, &value))
        return false;
    if (value < 0 || value > INT32_MAX)
        return ir_token_fail(&r->t, line, column, arena_printf(r->t.arena, "%" PRId64 " is not a line or column", value));
    *number = (int)value;
    return true;
}

static bool read_site(struct reader *r, struct site *site)
{
    *site = (struct site){0};
    if (!ir_token_is(&r->t, IR_TOKEN_WORD, "at"))
        return !r->t.error->why;
    struct site *to = site;
    for (int depth = 0; ir_token_is(&r->t, IR_TOKEN_WORD, depth ? "in" : "at"); depth++) {
        if (depth >= MAX_SITES)
            return IR_TOKEN_FAIL(&r->t, "more than %d places inside one another", MAX_SITES);
        if (depth > 0) {
            struct site *outer = ARENA_NEW(r->t.arena, struct site);
            to->from = outer;
            to = outer;
        }
        if (!ir_token_next(&r->t))
            return false;
        if (r->t.kind != IR_TOKEN_STRING)
            return IR_TOKEN_FAIL(&r->t, "expected a file name in quotes, found %s", ir_token_shown(&r->t));
        to->file = r->t.text;
        if (!ir_token_next(&r->t) || !read_line_number(r, &to->line) || !read_line_number(r, &to->column))
            return false;
        if (ir_token_accept(&r->t, IR_TOKEN_WORD, "of")) {
            if (r->t.kind != IR_TOKEN_STRING)
                return IR_TOKEN_FAIL(&r->t, "expected the name of a block in quotes, found %s", ir_token_shown(&r->t));
            to->block = r->t.text;
            if (!ir_token_next(&r->t))
                return false;
        }
    }
    return !r->t.error->why;
}

static bool read_node_id(struct reader *r, ir_id *id)
{
    if (r->t.kind != IR_TOKEN_NODE)
        return IR_TOKEN_FAIL(&r->t, "expected a node such as %%conv, found %s", ir_token_shown(&r->t));
    if (!ir_names_find(&r->nodes, r->t.text, id))
        return IR_TOKEN_FAIL(&r->t, "no node before this place is named %%%s", ir_token_shown(&r->t));
    return ir_token_next(&r->t);
}

/* --- statements --- */

static bool read_attributes(struct reader *r, struct ir_node *node)
{
    bool seen[64] = {false};
    if (ir_n_attrs > sizeof seen)
        bug("more attributes than places to mark them");
    for (size_t i = 0; i < ir_n_attrs; i++) {
        if (ir_attrs[i].op != node->op || ir_attrs[i].needed)
            continue;
        void *to = (char *)node + ir_attrs[i].offset;
        switch (ir_attrs[i].kind) {
        case IR_ATTR_INT:
            *(int64_t *)to = (int64_t)ir_attrs[i].otherwise;
            break;
        case IR_ATTR_BOOL:
            *(bool *)to = ir_attrs[i].otherwise != 0;
            break;
        case IR_ATTR_REAL:
            *(double *)to = ir_attrs[i].otherwise;
            break;
        }
    }
    while (r->t.kind == IR_TOKEN_WORD) {
        size_t i = 0;
        while (i < ir_n_attrs && (ir_attrs[i].op != node->op || !ir_token_is(&r->t, IR_TOKEN_WORD, ir_attrs[i].name)))
            i++;
        if (i == ir_n_attrs)
            break;
        if (seen[i])
            return IR_TOKEN_FAIL(&r->t, "%s is given twice", ir_token_shown(&r->t));
        seen[i] = true;
        if (!read_attr(r, &ir_attrs[i], node))
            return false;
    }
    for (size_t i = 0; i < ir_n_attrs; i++)
        if (ir_attrs[i].op == node->op && ir_attrs[i].needed && !seen[i])
            return IR_TOKEN_FAIL(&r->t, "%s needs %s=", ir_op_name(node->op), ir_attrs[i].name);
    return true;
}

static bool read_input_attributes(struct reader *r, struct ir_node *node)
{
    size_t n_mean = 0, n_std = 0;
    if (!read_shape(r, &node->shape))
        return false;
    if (ir_token_is(&r->t, IR_TOKEN_WORD, "mean") && !read_reals(r, &node->input.mean, &n_mean))
        return false;
    if (ir_token_is(&r->t, IR_TOKEN_WORD, "std") && !read_reals(r, &node->input.std, &n_std))
        return false;
    size_t want = (size_t)node->shape.c;
    if ((n_mean || n_std) && (n_mean != want || n_std != want))
        return IR_TOKEN_FAIL(&r->t, "mean and std need %zu numbers each, one for each channel, not %zu and %zu", want, n_mean, n_std);
    return !r->t.error->why;
}

static bool read_composed(struct reader *r, struct ir_node *node)
{
    const char *names[2];
    if (node->op != IR_CONV && node->op != IR_LINEAR)
        return IR_TOKEN_FAIL(&r->t, "%s has no weights that could be composed", ir_op_name(node->op));
    for (int i = 0; i < 2; i++) {
        if (r->t.kind != IR_TOKEN_STRING || !ir_name_valid(r->t.text))
            return IR_TOKEN_FAIL(&r->t, "expected the name of a node in quotes, found %s", ir_token_shown(&r->t));
        names[i] = r->t.text;
        if (!ir_token_next(&r->t))
            return false;
    }
    struct ir_composed *c = ARENA_NEW(r->t.arena, struct ir_composed);
    *c = (struct ir_composed){names[0], names[1]};
    node->composed = c;
    return true;
}

static bool read_node(struct reader *r)
{
    struct ir_node node = {0};
    const char *name = r->t.text;
    int line = r->t.token_line, column = r->t.token_column;
    uint32_t other;
    if (!ir_name_valid(name))
        return IR_TOKEN_FAIL(&r->t, "'%s' is no name for a node: lower-case letters, digits and _, at most %d, and not a word of C",
                             ir_token_shown(&r->t), IR_NAME_MAX);
    if (ir_names_find(&r->nodes, name, &other))
        return IR_TOKEN_FAIL(&r->t, "a node named %%%s stands above already", name);
    if (!ir_token_next(&r->t) || !ir_token_expect(&r->t, IR_TOKEN_SIGN, "="))
        return false;
    if (r->t.kind != IR_TOKEN_WORD || !ir_op_from_name(r->t.text, &node.op))
        return IR_TOKEN_FAIL(&r->t, "'%s' is not an operator", ir_token_shown(&r->t));
    if (!ir_token_next(&r->t))
        return false;

    VEC(ir_id) in = {0};
    while (r->t.kind == IR_TOKEN_NODE && !r->t.error->why) {
        ir_id id;
        /* The next statement begins with a node too: it is an input unless = follows. */
        struct ir_tokens before = r->t;
        if (!ir_token_next(&r->t))
            return false;
        bool statement = ir_token_is(&r->t, IR_TOKEN_SIGN, "=");
        r->t = before;
        if (statement)
            break;
        if (!read_node_id(r, &id))
            return false;
        vec_push(r->t.arena, &in, id);
    }
    if (node.op == IR_INPUT ? !read_input_attributes(r, &node) : !read_attributes(r, &node))
        return false;
    node.keep = ir_token_accept(&r->t, IR_TOKEN_WORD, "keep");
    node.prune = ir_token_accept(&r->t, IR_TOKEN_WORD, "prune");
    node.rescale = ir_token_is(&r->t, IR_TOKEN_WORD, "rescale");
    if (node.rescale && !ir_may_rescale(node.op))
        return IR_TOKEN_FAIL(&r->t, "%s is no value that could be rescaled", ir_op_name(node.op));
    if (node.rescale && !ir_token_next(&r->t))
        return false;
    if (ir_token_accept(&r->t, IR_TOKEN_WORD, "composed") && !read_composed(r, &node))
        return false;
    struct ir_shape given = {0};
    bool compare = node.op != IR_INPUT && ir_token_accept(&r->t, IR_TOKEN_ARROW, "->");
    if ((compare && !read_shape(r, &given)) || !read_site(r, &node.site))
        return false;

    const char *why;
    ir_id id = ir_build(r->builder, node.op, name, in.at, (uint32_t)in.n, &node, node.site, &why);
    if (id == IR_NONE)
        return ir_token_fail(&r->t, line, column, why);
    struct ir_shape shape = ir_builder_node(r->builder, id)->shape;
    if (compare && !ir_shape_equal(shape, given))
        return ir_token_fail(&r->t, line, column,
                             arena_printf(r->t.arena, "the text says that %%%s is %s, but %s gives %s", name, ir_shape_text(r->t.arena, given),
                                          ir_op_name(node.op), ir_shape_text(r->t.arena, shape)));
    ir_names_take(&r->nodes, name, name, id);
    return true;
}

static bool read_output(struct reader *r)
{
    const char *name = r->t.text;
    uint32_t other;
    ir_id id;
    if (r->t.kind != IR_TOKEN_WORD || !ir_name_valid(name))
        return IR_TOKEN_FAIL(&r->t, "'%s' is no name for an output", ir_token_shown(&r->t));
    if (ir_names_find(&r->outputs, name, &other))
        return IR_TOKEN_FAIL(&r->t, "two outputs are named %s", name);
    ir_names_take(&r->outputs, name, name, 0);
    if (!ir_token_next(&r->t) || !ir_token_expect(&r->t, IR_TOKEN_SIGN, "=") || !read_node_id(r, &id))
        return false;
    ir_builder_output(r->builder, name, id);
    return true;
}

static bool read_budget(struct reader *r)
{
    struct ir_budget b = {.scope = r->t.text};
    if (r->t.kind != IR_TOKEN_STRING)
        return IR_TOKEN_FAIL(&r->t, "expected the scope of the budget in quotes, found %s", ir_token_shown(&r->t));
    if (!ir_token_next(&r->t) || !ir_token_expect(&r->t, IR_TOKEN_WORD, "limit") || !ir_token_expect(&r->t, IR_TOKEN_SIGN, "=") ||
        !read_int(r, &b.limit))
        return false;
    if (b.limit < 0)
        return IR_TOKEN_FAIL(&r->t, "the limit of a budget is at least 0, not %" PRId64, b.limit);
    if (!ir_token_expect(&r->t, IR_TOKEN_WORD, "nodes") || !ir_token_expect(&r->t, IR_TOKEN_SIGN, "="))
        return false;
    VEC(ir_id) nodes = {0};
    if (!ir_token_accept(&r->t, IR_TOKEN_WORD, "all")) {
        if (!ir_token_expect(&r->t, IR_TOKEN_SIGN, "["))
            return false;
        while (!ir_token_is(&r->t, IR_TOKEN_SIGN, "]")) {
            ir_id id;
            if (!read_node_id(r, &id))
                return false;
            vec_push(r->t.arena, &nodes, id);
        }
        if (!ir_token_next(&r->t))
            return false;
        b.nodes = nodes.n ? nodes.at : ARENA_NEW(r->t.arena, ir_id);
        b.n_nodes = (uint32_t)nodes.n;
    }
    if (!read_site(r, &b.site))
        return false;
    ir_builder_budget(r->builder, b);
    return true;
}

static const struct ir_attr *train_attr(const struct reader *r)
{
    for (size_t i = 0; i < ir_n_train_attrs; i++)
        if (ir_token_is(&r->t, IR_TOKEN_WORD, ir_train_attrs[i].name))
            return &ir_train_attrs[i];
    return NULL;
}

static bool read_train(struct reader *r)
{
    struct ir_train train = ir_train_default;
    int line = r->t.token_line, column = r->t.token_column;
    for (const struct ir_attr *attr = train_attr(r); attr; attr = train_attr(r))
        if (!read_attr(r, attr, &train))
            return false;
    const char *why = ir_train_verify(r->t.arena, &train);
    if (why)
        return ir_token_fail(&r->t, line, column, why);
    ir_builder_train(r->builder, &train);
    return !r->t.error->why;
}

static bool read_word(struct reader *r, const char *name, const char *const words[2], int *which)
{
    if (!ir_token_expect(&r->t, IR_TOKEN_WORD, name) || !ir_token_expect(&r->t, IR_TOKEN_SIGN, "="))
        return false;
    for (*which = 0; *which < 2; ++*which)
        if (ir_token_accept(&r->t, IR_TOKEN_WORD, words[*which]))
            return !r->t.error->why;
    return IR_TOKEN_FAIL(&r->t, "%s is %s or %s, not %s", name, words[0], words[1], ir_token_shown(&r->t));
}

static bool read_count(struct reader *r, const char *name, int64_t *out)
{
    return ir_token_expect(&r->t, IR_TOKEN_WORD, name) && ir_token_expect(&r->t, IR_TOKEN_SIGN, "=") && read_int(r, out);
}

static bool read_private(struct reader *r)
{
    struct ir_private private = {0};
    int line = r->t.token_line, column = r->t.token_column, protocol, network;
    if (!read_word(r, "protocol", ir_protocol_names, &protocol) || !read_word(r, "network", ir_network_names, &network) ||
        !read_count(r, "ring", &private.ring) || !read_count(r, "fraction", &private.fraction))
        return false;
    private.protocol = (enum ir_protocol)protocol;
    private.network = (enum ir_network)network;
    const char *why = ir_private_verify(r->t.arena, &private);
    if (why)
        return ir_token_fail(&r->t, line, column, why);
    ir_builder_private(r->builder, &private);
    return !r->t.error->why;
}

static bool read_wish(struct reader *r)
{
    struct ir_wish wish = {.pass = r->t.text, .args = ""};
    if (r->t.kind != IR_TOKEN_WORD)
        return IR_TOKEN_FAIL(&r->t, "expected the name of a pass, found %s", ir_token_shown(&r->t));
    if (!ir_token_next(&r->t))
        return false;
    if (r->t.kind == IR_TOKEN_STRING) {
        wish.args = r->t.text;
        if (!ir_token_next(&r->t))
            return false;
    }
    if (!read_site(r, &wish.site))
        return false;
    ir_builder_wish(r->builder, wish);
    return true;
}

static bool read_statement(struct reader *r)
{
    if (r->t.kind == IR_TOKEN_NODE)
        return read_node(r);
    if (ir_token_accept(&r->t, IR_TOKEN_WORD, "output"))
        return read_output(r);
    if (ir_token_accept(&r->t, IR_TOKEN_WORD, "budget"))
        return read_budget(r);
    if (ir_token_accept(&r->t, IR_TOKEN_WORD, "train"))
        return read_train(r);
    if (ir_token_accept(&r->t, IR_TOKEN_WORD, "pass"))
        return read_wish(r);
    if (ir_token_accept(&r->t, IR_TOKEN_WORD, "private"))
        return read_private(r);
    if (r->t.kind == IR_TOKEN_END)
        return IR_TOKEN_FAIL(&r->t, "the text ends before its last word, end");
    return IR_TOKEN_FAIL(&r->t, "expected a node, output, budget, train, pass, private or end, found %s", ir_token_shown(&r->t));
}

static const struct ir_graph *read_graph(struct reader *r)
{
    int64_t version;
    if (!ir_token_next(&r->t) || !ir_token_expect(&r->t, IR_TOKEN_WORD, "ir"))
        return NULL;
    int line = r->t.token_line, column = r->t.token_column;
    if (!read_int(r, &version))
        return NULL;
    if (version != IR_TEXT_VERSION) {
        ir_token_fail(&r->t, line, column,
                      arena_printf(r->t.arena, "this text is of version %" PRId64 ", but version %d is understood", version, IR_TEXT_VERSION));
        return NULL;
    }
    if (!ir_token_expect(&r->t, IR_TOKEN_WORD, "network"))
        return NULL;
    if (r->t.kind != IR_TOKEN_WORD) {
        IR_TOKEN_FAIL(&r->t, "expected the network's name, found %s", ir_token_shown(&r->t));
        return NULL;
    }
    r->builder = ir_builder_new(r->t.arena, r->t.text);
    if (!ir_token_next(&r->t))
        return NULL;
    while (!ir_token_is(&r->t, IR_TOKEN_WORD, "end"))
        if (!read_statement(r))
            return NULL;
    line = r->t.token_line;
    column = r->t.token_column;
    if (!ir_token_next(&r->t))
        return NULL;
    if (r->t.kind != IR_TOKEN_END) {
        IR_TOKEN_FAIL(&r->t, "%s after the end", ir_token_shown(&r->t));
        return NULL;
    }
    const struct ir_graph *g = ir_builder_finish(r->builder, NULL);
    ir_id node;
    const char *why = ir_verify(r->t.arena, g, &node);
    if (why) {
        ir_token_fail(&r->t, line, column, why);
        return NULL;
    }
    return g;
}

const struct ir_graph *ir_read(struct arena *a, const char *bytes, size_t n, struct ir_read_error *error)
{
    *error = (struct ir_read_error){0};
    struct reader r = {.t = {.arena = a, .bytes = bytes, .n = n, .line = 1, .column = 1, .text = "", .error = error}};
    if (n > MAX_TEXT) {
        error->why = arena_printf(a, "the text is longer than %d bytes", MAX_TEXT);
        return NULL;
    }
    r.nodes = ir_names_new(a);
    r.outputs = ir_names_new(a);
    return read_graph(&r);
}
