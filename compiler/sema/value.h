/* What an expression of .cnas can be at compile time. Values are immutable and small; copy them freely. */
#ifndef COMPILER_SEMA_VALUE_H
#define COMPILER_SEMA_VALUE_H

#include "compiler/ast/ast.h"
#include "compiler/ir/ir.h"

enum value_kind {
    VALUE_ERROR,   /* stands for what could not be computed; whoever meets one stays silent */
    VALUE_NONE,    /* what a block without `return` gives */
    VALUE_INT,
    VALUE_REAL,
    VALUE_BOOL,
    VALUE_STRING,
    VALUE_LIST,
    VALUE_TENSOR,  /* a node of the graph that is being built */
    VALUE_BLOCK,   /* a block of a module */
    VALUE_BUILTIN, /* an operator or function of the language */
    VALUE_SYMBOL,  /* auto, balanced, same */
    VALUE_SETTING, /* sgd(...), cosine(...): inside train { } only */
};

/* Sets of kinds, for parameters. */
#define KIND(k) (1u << (k))
#define KIND_ANY (~0u)

/* Lists share their elements: appending to the list that ends where its buffer's used part ends extends the buffer in place,
 * so that growing a list in a loop is linear. */
struct list_buffer {
    struct value *at;
    size_t used, cap;
    int depth; /* 1 + that of the deepest list among the elements */
};

struct builtin;
struct setting;

struct value {
    enum value_kind kind;
    union {
        int64_t integer;
        double real;
        bool boolean;
        struct { /* NUL-terminated too */
            const char *bytes;
            size_t n;
        } string;
        struct {
            struct list_buffer *buffer; /* NULL when n is 0 */
            size_t n;
        } list;
        ir_id tensor;
        struct {
            const struct ast_block *decl;
            const struct ast_module *module;
        } block;
        const struct builtin *builtin;
        const char *symbol;
        const struct setting *setting;
    };
};

struct setting { /* a builtin of the train section with its arguments */
    const char *name;
    const struct value *args; /* in the order of the builtin's parameters */
    size_t n;
};

#define VALUE_MAX_LIST ((size_t)1 << 20)   /* elements */
#define VALUE_MAX_DEPTH 100                /* lists within lists */
#define VALUE_MAX_STRING ((size_t)1 << 16) /* bytes */

static inline struct value value_error(void)
{
    return (struct value){.kind = VALUE_ERROR};
}
static inline struct value value_int(int64_t i)
{
    return (struct value){.kind = VALUE_INT, .integer = i};
}
static inline struct value value_real(double x)
{
    return (struct value){.kind = VALUE_REAL, .real = x};
}
static inline struct value value_bool(bool b)
{
    return (struct value){.kind = VALUE_BOOL, .boolean = b};
}
static inline struct value value_tensor(ir_id id)
{
    return (struct value){.kind = VALUE_TENSOR, .tensor = id};
}
static inline struct value value_symbol(const char *name)
{
    return (struct value){.kind = VALUE_SYMBOL, .symbol = name};
}
struct value value_string(struct arena *a, const char *bytes, size_t n);

struct value value_list(struct arena *a, const struct value *items, size_t n); /* copies the items */
struct value value_append(struct arena *a, struct value list, const struct value *items, size_t n);
static inline const struct value *value_items(const struct value *list)
{
    return list->list.buffer ? list->list.buffer->at : NULL;
}

/* Whether both are of comparable kinds; *equal is then the answer. Integers and reals compare by value.
 * *steps counts the comparisons down: lists that share elements can be exponentially large. At 0 the answer means nothing. */
bool value_equal(const struct value *x, const struct value *y, bool *equal, int64_t *steps);
int value_depth(const struct value *v); /* 0 for what is no list */

const char *value_kind_text(enum value_kind kind); /* "an integer", "a list" ... */
const char *value_kinds_text(struct arena *a, unsigned kinds); /* "an integer or a list" */

/* As a message shows it: `7`, `[1, 2]`, `tensor`. Long lists are cut. */
const char *value_text(struct arena *a, const struct value *v);

#endif
