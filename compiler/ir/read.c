/* The reader of textual IR. One error ends it; after an error every step returns false and nothing more is looked at.
 * What is read goes through the builder and the verifier, so a text cannot make a graph that the language could not. */
#include "compiler/base/vec.h"
#include "compiler/ir/attr.h"
#include "compiler/ir/names.h"
#include "compiler/ir/print.h"
#include "compiler/ir/verify.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum {
    MAX_TEXT = 1 << 26, /* bytes; far more than any network's text */
    MAX_SITES = 1000,   /* blocks inside one another */
};

enum token {
    END_OF_TEXT,
    WORD,   /* letters, digits and . + - _ : names, keywords, numbers, shapes */
    NODE,   /* % and a word; the text is the word */
    STRING, /* the text is what it means */
    ARROW,  /* -> */
    SIGN,   /* one of = [ ] : */
};

struct reader {
    struct arena *arena;
    const char *bytes;
    size_t n, at;
    int line, column;             /* of at */
    enum token token;             /* the next one, already looked at */
    const char *text;             /* its text */
    int token_line, token_column; /* where it begins */
    struct ir_builder *builder;
    struct ir_names nodes, outputs;
    struct ir_read_error *error; /* why is set: failed */
};

static bool fail_at(struct reader *r, int line, int column, const char *why)
{
    if (!r->error->why)
        *r->error = (struct ir_read_error){line, column, why};
    return false;
}

#define FAIL(r, ...) fail_at((r), (r)->token_line, (r)->token_column, arena_printf((r)->arena, __VA_ARGS__))

/* The next token for a message: short, and nothing that a terminal would obey. */
static const char *shown(const struct reader *r)
{
    enum { MOST = 40 };
    size_t n = strlen(r->text);
    char *s = arena_printf(r->arena, "%.*s%s", MOST, r->text, n > MOST ? "..." : "");
    for (char *c = s; *c; c++)
        if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
            *c = '?';
    return s;
}

/* --- tokens --- */

static int peek_byte(const struct reader *r)
{
    return r->at < r->n ? (unsigned char)r->bytes[r->at] : -1;
}

static void skip_byte(struct reader *r)
{
    r->column++;
    if (r->bytes[r->at++] == '\n') {
        r->line++;
        r->column = 1;
    }
}

static bool is_word_byte(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '+' || c == '-';
}

static const char *take_word(struct reader *r)
{
    size_t from = r->at;
    while (is_word_byte(peek_byte(r)))
        skip_byte(r);
    return arena_strndup(r->arena, r->bytes + from, r->at - from);
}

static int hex_digit(int c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_string(struct reader *r)
{
    VEC(char) s = {0};
    for (skip_byte(r); peek_byte(r) != '"'; skip_byte(r)) {
        int c = peek_byte(r);
        if (c < 0x20) /* the end of the text too */
            return FAIL(r, "a string does not end");
        if (c == '\\') {
            skip_byte(r);
            c = peek_byte(r);
            if (c == 'x' && r->n - r->at > 2) {
                int high = hex_digit((unsigned char)r->bytes[r->at + 1]), low = hex_digit((unsigned char)r->bytes[r->at + 2]);
                c = high < 0 || low < 0 ? 0 : 16 * high + low;
                skip_byte(r);
                skip_byte(r);
                if (c == 0)
                    return FAIL(r, "a string has \\x without two hexadecimal digits, or \\x00");
            } else if (c != '"' && c != '\\') {
                return FAIL(r, "a string has an unknown escape");
            }
        }
        vec_push(r->arena, &s, (char)c);
    }
    skip_byte(r);
    r->text = s.n ? arena_strndup(r->arena, s.at, s.n) : "";
    return true;
}

static bool next(struct reader *r)
{
    if (r->error->why)
        return false;
    for (int c = peek_byte(r); c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '#'; c = peek_byte(r)) {
        if (c == '#')
            while (peek_byte(r) >= 0 && peek_byte(r) != '\n')
                skip_byte(r);
        else
            skip_byte(r);
    }
    r->token_line = r->line;
    r->token_column = r->column;
    int c = peek_byte(r);
    if (c < 0) {
        r->token = END_OF_TEXT;
        r->text = "the end of the text";
    } else if (c == '-' && r->at + 1 < r->n && r->bytes[r->at + 1] == '>') {
        skip_byte(r);
        skip_byte(r);
        r->token = ARROW;
        r->text = "->";
    } else if (is_word_byte(c)) {
        r->token = WORD;
        r->text = take_word(r);
    } else if (c == '%') {
        skip_byte(r);
        r->token = NODE;
        r->text = take_word(r);
    } else if (c == '"') {
        r->token = STRING;
        return take_string(r);
    } else if (c == '=' || c == '[' || c == ']' || c == ':') {
        r->token = SIGN;
        r->text = arena_strndup(r->arena, r->bytes + r->at, 1);
        skip_byte(r);
    } else {
        return c > 0x20 && c < 0x7f ? FAIL(r, "unexpected character '%c'", c) : FAIL(r, "unexpected byte 0x%02x", (unsigned)c);
    }
    return true;
}

static bool is(const struct reader *r, enum token token, const char *text)
{
    return !r->error->why && r->token == token && strcmp(r->text, text) == 0;
}

static bool accept(struct reader *r, enum token token, const char *text)
{
    return is(r, token, text) && next(r);
}

static bool expect(struct reader *r, enum token token, const char *text)
{
    return is(r, token, text) ? next(r) : FAIL(r, "expected %s, found %s", text, shown(r));
}

/* --- values --- */

static bool read_int(struct reader *r, int64_t *value)
{
    char *end;
    errno = 0;
    *value = r->token == WORD ? strtoll(r->text, &end, 10) : 0;
    if (r->token != WORD || *end || errno || *r->text == '+')
        return FAIL(r, "expected a whole number, found %s", shown(r));
    return next(r);
}

static bool read_real(struct reader *r, double *value)
{
    bool digits = r->token == WORD && strspn(r->text, "0123456789.e+-") == strlen(r->text); /* no inf, nan, 0x */
    char *end;
    *value = digits ? strtod(r->text, &end) : 0;
    if (!digits || *end || !isfinite(*value))
        return FAIL(r, "expected a number, found %s", shown(r));
    return next(r);
}

static bool read_bool(struct reader *r, bool *value)
{
    *value = is(r, WORD, "true");
    if (!*value && !is(r, WORD, "false"))
        return FAIL(r, "expected true or false, found %s", shown(r));
    return next(r);
}

static bool read_attr(struct reader *r, const struct ir_attr *attr, void *record)
{
    void *to = (char *)record + attr->offset;
    if (!next(r) || !expect(r, SIGN, "="))
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
    const char *c = r->token == WORD ? r->text : "";
    bool more = true;
    for (; more && rank < 3; rank++) {
        char *end;
        errno = 0;
        side[rank] = *c >= '0' && *c <= '9' ? strtoll(c, &end, 10) : 0;
        if (side[rank] <= 0 || errno)
            return FAIL(r, "expected a shape such as 16x28x28 or 10, found %s", shown(r));
        more = *end == 'x';
        c = end + more;
    }
    if (*c || more || rank == 2)
        return FAIL(r, "expected a shape such as 16x28x28 or 10, found %s", shown(r));
    *s = rank == 1 ? (struct ir_shape){1, side[0], 1, 1} : (struct ir_shape){3, side[0], side[1], side[2]};
    return next(r);
}

static bool read_reals(struct reader *r, const double **values, size_t *n)
{
    VEC(double) v = {0};
    if (!next(r) || !expect(r, SIGN, "=") || !expect(r, SIGN, "["))
        return false;
    while (!is(r, SIGN, "]")) {
        double value;
        if (!read_real(r, &value))
            return false;
        vec_push(r->arena, &v, value);
    }
    if (v.n == 0)
        return FAIL(r, "expected a number, found %s", shown(r));
    *values = v.at;
    *n = v.n;
    return next(r);
}

static bool read_line_number(struct reader *r, int *number)
{
    int64_t value;
    if (!expect(r, SIGN, ":"))
        return false;
    int line = r->token_line, column = r->token_column;
    if (!read_int(r, &value))
        return false;
    if (value < 0 || value > INT32_MAX)
        return fail_at(r, line, column, arena_printf(r->arena, "%" PRId64 " is not a line or column", value));
    *number = (int)value;
    return true;
}

static bool read_site(struct reader *r, struct site *site)
{
    *site = (struct site){0};
    if (!is(r, WORD, "at"))
        return !r->error->why;
    struct site *to = site;
    for (int depth = 0; is(r, WORD, depth ? "in" : "at"); depth++) {
        if (depth >= MAX_SITES)
            return FAIL(r, "more than %d places inside one another", MAX_SITES);
        if (depth > 0) {
            struct site *outer = ARENA_NEW(r->arena, struct site);
            to->from = outer;
            to = outer;
        }
        if (!next(r))
            return false;
        if (r->token != STRING)
            return FAIL(r, "expected a file name in quotes, found %s", shown(r));
        to->file = r->text;
        if (!next(r) || !read_line_number(r, &to->line) || !read_line_number(r, &to->column))
            return false;
        if (accept(r, WORD, "of")) {
            if (r->token != STRING)
                return FAIL(r, "expected the name of a block in quotes, found %s", shown(r));
            to->block = r->text;
            if (!next(r))
                return false;
        }
    }
    return !r->error->why;
}

static bool read_node_id(struct reader *r, ir_id *id)
{
    if (r->token != NODE)
        return FAIL(r, "expected a node such as %%conv, found %s", shown(r));
    if (!ir_names_find(&r->nodes, r->text, id))
        return FAIL(r, "no node before this place is named %%%s", shown(r));
    return next(r);
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
    while (r->token == WORD) {
        size_t i = 0;
        while (i < ir_n_attrs && (ir_attrs[i].op != node->op || !is(r, WORD, ir_attrs[i].name)))
            i++;
        if (i == ir_n_attrs)
            break;
        if (seen[i])
            return FAIL(r, "%s is given twice", shown(r));
        seen[i] = true;
        if (!read_attr(r, &ir_attrs[i], node))
            return false;
    }
    for (size_t i = 0; i < ir_n_attrs; i++)
        if (ir_attrs[i].op == node->op && ir_attrs[i].needed && !seen[i])
            return FAIL(r, "%s needs %s=", ir_op_name(node->op), ir_attrs[i].name);
    return true;
}

static bool read_input_attributes(struct reader *r, struct ir_node *node)
{
    size_t n_mean = 0, n_std = 0;
    if (!read_shape(r, &node->shape))
        return false;
    if (is(r, WORD, "mean") && !read_reals(r, &node->input.mean, &n_mean))
        return false;
    if (is(r, WORD, "std") && !read_reals(r, &node->input.std, &n_std))
        return false;
    size_t want = (size_t)node->shape.c;
    if ((n_mean || n_std) && (n_mean != want || n_std != want))
        return FAIL(r, "mean and std need %zu numbers each, one for each channel, not %zu and %zu", want, n_mean, n_std);
    return !r->error->why;
}

static bool read_node(struct reader *r)
{
    struct ir_node node = {0};
    const char *name = r->text;
    int line = r->token_line, column = r->token_column;
    uint32_t other;
    if (!ir_name_valid(name))
        return FAIL(r, "'%s' is no name for a node: lower-case letters, digits and _, at most %d, and not a word of C", shown(r), IR_NAME_MAX);
    if (ir_names_find(&r->nodes, name, &other))
        return FAIL(r, "a node named %%%s stands above already", name);
    if (!next(r) || !expect(r, SIGN, "="))
        return false;
    if (r->token != WORD || !ir_op_from_name(r->text, &node.op))
        return FAIL(r, "'%s' is not an operator", shown(r));
    if (!next(r))
        return false;

    VEC(ir_id) in = {0};
    while (r->token == NODE && !r->error->why) {
        ir_id id;
        /* The next statement begins with a node too: it is an input unless = follows. */
        struct reader before = *r;
        if (!next(r))
            return false;
        bool statement = is(r, SIGN, "=");
        *r = before;
        if (statement)
            break;
        if (!read_node_id(r, &id))
            return false;
        vec_push(r->arena, &in, id);
    }
    if (node.op == IR_INPUT ? !read_input_attributes(r, &node) : !read_attributes(r, &node))
        return false;
    node.keep = accept(r, WORD, "keep");
    node.prune = accept(r, WORD, "prune");
    struct ir_shape given = {0};
    bool compare = node.op != IR_INPUT && accept(r, ARROW, "->");
    if ((compare && !read_shape(r, &given)) || !read_site(r, &node.site))
        return false;

    const char *why;
    ir_id id = ir_build(r->builder, node.op, name, in.at, (uint32_t)in.n, &node, node.site, &why);
    if (id == IR_NONE)
        return fail_at(r, line, column, why);
    struct ir_shape shape = ir_builder_node(r->builder, id)->shape;
    if (compare && !ir_shape_equal(shape, given))
        return fail_at(r, line, column, arena_printf(r->arena, "the text says that %%%s is %s, but %s gives %s", name, ir_shape_text(r->arena, given),
                                                     ir_op_name(node.op), ir_shape_text(r->arena, shape)));
    ir_names_take(&r->nodes, name, name, id);
    return true;
}

static bool read_output(struct reader *r)
{
    const char *name = r->text;
    uint32_t other;
    ir_id id;
    if (r->token != WORD || !ir_name_valid(name))
        return FAIL(r, "'%s' is no name for an output", shown(r));
    if (ir_names_find(&r->outputs, name, &other))
        return FAIL(r, "two outputs are named %s", name);
    ir_names_take(&r->outputs, name, name, 0);
    if (!next(r) || !expect(r, SIGN, "=") || !read_node_id(r, &id))
        return false;
    ir_builder_output(r->builder, name, id);
    return true;
}

static bool read_budget(struct reader *r)
{
    struct ir_budget b = {.scope = r->text};
    if (r->token != STRING)
        return FAIL(r, "expected the scope of the budget in quotes, found %s", shown(r));
    if (!next(r) || !expect(r, WORD, "limit") || !expect(r, SIGN, "=") || !read_int(r, &b.limit))
        return false;
    if (b.limit < 0)
        return FAIL(r, "the limit of a budget is at least 0, not %" PRId64, b.limit);
    if (!expect(r, WORD, "nodes") || !expect(r, SIGN, "="))
        return false;
    VEC(ir_id) nodes = {0};
    if (!accept(r, WORD, "all")) {
        if (!expect(r, SIGN, "["))
            return false;
        while (!is(r, SIGN, "]")) {
            ir_id id;
            if (!read_node_id(r, &id))
                return false;
            vec_push(r->arena, &nodes, id);
        }
        if (!next(r))
            return false;
        b.nodes = nodes.n ? nodes.at : ARENA_NEW(r->arena, ir_id);
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
        if (is(r, WORD, ir_train_attrs[i].name))
            return &ir_train_attrs[i];
    return NULL;
}

static bool read_train(struct reader *r)
{
    struct ir_train train = ir_train_default;
    int line = r->token_line, column = r->token_column;
    for (const struct ir_attr *attr = train_attr(r); attr; attr = train_attr(r))
        if (!read_attr(r, attr, &train))
            return false;
    const char *why = ir_train_verify(r->arena, &train);
    if (why)
        return fail_at(r, line, column, why);
    ir_builder_train(r->builder, &train);
    return !r->error->why;
}

static bool read_statement(struct reader *r)
{
    if (r->token == NODE)
        return read_node(r);
    if (accept(r, WORD, "output"))
        return read_output(r);
    if (accept(r, WORD, "budget"))
        return read_budget(r);
    if (accept(r, WORD, "train"))
        return read_train(r);
    return r->token == END_OF_TEXT ? FAIL(r, "the text ends before its last word, end") : FAIL(r, "expected a node, output, budget, train or end, found %s", shown(r));
}

static const struct ir_graph *read_graph(struct reader *r)
{
    int64_t version;
    if (!next(r) || !expect(r, WORD, "ir"))
        return NULL;
    int line = r->token_line, column = r->token_column;
    if (!read_int(r, &version))
        return NULL;
    if (version != IR_TEXT_VERSION) {
        fail_at(r, line, column, arena_printf(r->arena, "this text is of version %" PRId64 ", but version %d is understood", version, IR_TEXT_VERSION));
        return NULL;
    }
    if (!expect(r, WORD, "network"))
        return NULL;
    if (r->token != WORD) {
        FAIL(r, "expected the network's name, found %s", shown(r));
        return NULL;
    }
    r->builder = ir_builder_new(r->arena, r->text);
    if (!next(r))
        return NULL;
    while (!is(r, WORD, "end"))
        if (!read_statement(r))
            return NULL;
    line = r->token_line;
    column = r->token_column;
    if (!next(r))
        return NULL;
    if (r->token != END_OF_TEXT) {
        FAIL(r, "%s after the end", shown(r));
        return NULL;
    }
    const struct ir_graph *g = ir_builder_finish(r->builder, NULL);
    ir_id node;
    const char *why = ir_verify(r->arena, g, &node);
    if (why) {
        fail_at(r, line, column, why);
        return NULL;
    }
    return g;
}

const struct ir_graph *ir_read(struct arena *a, const char *bytes, size_t n, struct ir_read_error *error)
{
    *error = (struct ir_read_error){0};
    struct reader r = {.arena = a, .bytes = bytes, .n = n, .line = 1, .column = 1, .text = "", .error = error};
    if (n > MAX_TEXT) {
        error->why = arena_printf(a, "the text is longer than %d bytes", MAX_TEXT);
        return NULL;
    }
    r.nodes = ir_names_new(a);
    r.outputs = ir_names_new(a);
    return read_graph(&r);
}
