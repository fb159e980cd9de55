/* Pieces of JSON text. */
#ifndef COMPILER_BASE_JSON_H
#define COMPILER_BASE_JSON_H

#include "compiler/base/text.h"

void text_json_string(struct text *t, const char *s); /* quoted; control characters escaped, bytes that are no UTF-8 as U+FFFD */
void text_json_real(struct text *t, double value);    /* finite; always recognisable as a real: 1.0 */

#endif
