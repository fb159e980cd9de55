/* The words that the language itself defines: operators on tensors, functions on compile-time values, named constants, and
 * the vocabularies of the sections. Each is a row of a table: its parameters, checked before it is called, and a function. */
#ifndef COMPILER_SEMA_BUILTIN_H
#define COMPILER_SEMA_BUILTIN_H

#include "compiler/sema/value.h"

struct eval;

struct builtin_param {
    const char *name;
    unsigned kinds;    /* KIND() bits */
    bool has_default;
    bool rest;         /* takes all positional arguments from here on, as a list; the last parameter */
    struct value value; /* the default */
};

/* A call whose arguments are bound and of the right kinds. */
struct call {
    struct span at;           /* the whole call */
    struct span name_at;      /* what is called */
    const struct value *args; /* one per parameter; a rest parameter is a list */
    const struct span *where; /* of each argument; the call itself where the default was taken */
    const struct span *rest_where; /* of each element of a rest parameter */
};

enum { BUILTIN_MAX_PARAMS = 8 };

struct builtin {
    const char *name;
    struct builtin_param params[BUILTIN_MAX_PARAMS]; /* up to the first without a name */
    struct value (*run)(struct eval *e, const struct builtin *b, const struct call *c); /* NULL: a constant */
    bool is_constant;
    bool is_tensor_op; /* its name goes into the names of nodes */
    struct value constant;
};

const struct builtin *builtin_find(const char *name);       /* NULL: none */
const struct builtin *builtin_find_section(const char *section, const char *name); /* train: sgd, cosine ...; private: gc */
const char *builtin_section_words(struct arena *a, const char *section); /* "sgd, cosine and flip" */
size_t builtin_count(void);
const struct builtin *builtin_at(size_t i); /* for suggestions */

/* The tables' parts; each ends with a row without a name. */
extern const struct builtin builtin_tensor_table[], builtin_value_table[], builtin_choice_table[], builtin_train_table[],
    builtin_private_table[];

#endif
