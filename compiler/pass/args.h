/* The arguments of a pass, as in @passes(prune(skips, cull = 2)) and -frelu-prune=skips,cull=2: words, some with values, in order. The
 * same word may come again. */
#ifndef COMPILER_PASS_ARGS_H
#define COMPILER_PASS_ARGS_H

#include "compiler/base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pass_arg {
    const char *word, *value; /* value NULL: the word alone */
};
struct pass_args {
    const struct pass_arg *at;
    size_t n;
};

/* text: "skips,cull=2". False and *why set: a word is empty, or a character is none of a-z A-Z 0-9 _ - . */
bool pass_args_read(struct arena *a, const char *text, struct pass_args *args, const char **why);

bool pass_args_have(const struct pass_args *args, const char *word); /* with or without a value */
bool pass_arg_count(const struct pass_arg *arg, int64_t *value);     /* an integer from 0 to 2^31 - 1 */

#endif
