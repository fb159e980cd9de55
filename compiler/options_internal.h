/* What options.c and options_pass.c share. */
#ifndef COMPILER_OPTIONS_INTERNAL_H
#define COMPILER_OPTIONS_INTERNAL_H

#include "compiler/options.h"

enum options_outcome options_wrong(struct text *out, const char *sentence); /* always OPTIONS_WRONG */
#define WRONG(out, ...) options_wrong((out), arena_printf((out)->arena, __VA_ARGS__))

/* Each takes the value of an option; false: out says what is wrong with it. */
bool options_unknown_pass(struct text *out, const char *word); /* always false */
bool options_set_pass(struct options *o, struct text *out, const char *value);         /* -f */
bool options_set_remarks(struct options *o, struct text *out, const char *value);      /* -R */
bool options_set_remarks_form(struct options *o, struct text *out, const char *value); /* --remarks */

#endif
