/* A choice that was met, for the files that deal with choices: choice.c meets and picks them, pick.c understands picks. */
#ifndef COMPILER_SEMA_CHOICE_H
#define COMPILER_SEMA_CHOICE_H

#include "compiler/sema/elab.h"
#include "compiler/sema/eval.h"

struct choice {
    struct elab_choice shown;
    struct value list;        /* alternatives, or elements */
    const struct span *where; /* each alternative; NULL for a subset */
    bool decided;             /* by a pick */
};

/* v, a pick that is written in the text at `at`, as indices; false after an error. */
bool pick_of_value(struct eval *e, const struct choice *c, const struct value *v, struct span at, const uint32_t **out, uint32_t *n);
/* --pick: "5", "[0, 2]"; false: not understood. */
bool pick_of_text(struct eval *e, const struct choice *c, const char *text, const uint32_t **out, uint32_t *n);
bool pick_ascending(const struct choice *c, const uint32_t *at, uint32_t n); /* indices that the choice can have */
/* Says what the choice is between, instead of what was found. */
void pick_wrong(struct eval *e, const struct choice *c, struct span at, const char *found);

#endif
