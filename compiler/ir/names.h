/* The names in use in one graph, each with a number; and the rule that makes any wish an unused lower-case C identifier. */
#ifndef COMPILER_IR_NAMES_H
#define COMPILER_IR_NAMES_H

#include "compiler/base/map.h"

#include <stdbool.h>
#include <stdint.h>

#define IR_NAME_MAX 64 /* bytes; a longer wish is cut, so that generated identifiers stay readable */

struct ir_names {
    struct map map; /* name -> struct ir_name; a released name stays, not taken */
};

struct ir_names ir_names_new(struct arena *a);
/* [a-z][a-z0-9_]*, at most IR_NAME_MAX bytes, and not a word that C reserves. */
bool ir_name_valid(const char *name);
/* Takes the name nearest to wish ("" or NULL: otherwise, itself valid): lower case, other bytes as '_', then the first of
 * name, name_2, name_3... that is not in use. The result lives in the arena. */
const char *ir_names_take(struct ir_names *t, const char *wish, const char *otherwise, uint32_t value);
bool ir_names_find(const struct ir_names *t, const char *name, uint32_t *value);
void ir_names_release(struct ir_names *t, const char *name); /* a taken one: free again */

#endif
