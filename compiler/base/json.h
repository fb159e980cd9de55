/* Pieces of JSON text. */
#ifndef COMPILER_BASE_JSON_H
#define COMPILER_BASE_JSON_H

#include "compiler/base/site.h"
#include "compiler/base/text.h"

void text_json_string(struct text *t, const char *s); /* quoted; control characters escaped, bytes that are no UTF-8 as U+FFFD */
void text_json_real(struct text *t, double value);    /* finite; always recognisable as a real: 1.0 */

/* A place and where the blocks around it were instantiated, innermost first: [{"file": ..., "line": ..., "column": ..., "block": ...}, ...];
 * block is null at network level. No place: []. */
void text_json_site(struct text *t, const struct site *s);

#endif
