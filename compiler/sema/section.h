/* What train { } and private { } have in common: each is a list of named settings, evaluated like any expression, in a vocabulary of its
 * own (builtin_find_section). */
#ifndef COMPILER_SEMA_SECTION_H
#define COMPILER_SEMA_SECTION_H

#include "compiler/sema/eval.h"

struct setter {
    struct eval *e;
    void *record; /* what the section is collected in */
    struct span at; /* of the value */
};

enum { SECTION_MOST = 12 };

struct section {
    const char *name;
    struct {
        const char *name; /* NULL: the end */
        void (*set)(struct setter *s, struct value v);
    } settings[SECTION_MOST];
    const char *list; /* of the settings, in words */
    const char *first; /* the setting that is run before the others, wherever it stands; NULL: none */
};

/* Sets record from s. *before: where the network's section of this kind stands, source NULL if there was none yet. False if the whole
 * section is out of place. */
bool eval_section(struct eval *e, const struct ast_stmt *s, const struct section *section, struct span *before, void *record);

void section_refuse(struct setter *s, const char *expected, const struct value *v);
bool section_within(struct setter *s, const char *what, double x, double low, double high); /* false after an error */

#endif
