/* Pieces of HTML. Whatever comes from a user's file goes through html_text. */
#ifndef COMPILER_REPORT_HTML_H
#define COMPILER_REPORT_HTML_H

#include "compiler/base/text.h"

#include <stdint.h>

/* Escaped, for texts and for attributes in double quotes. Control characters and what is no UTF-8 become U+FFFD; so do characters that
 * turn the direction of writing, for with them a line can look like another one. */
void html_text(struct text *t, const char *s);
void html_bytes(struct text *t, const char *s, size_t n); /* the same of the first n bytes of s */
void html_words(struct text *t, const char *s);           /* the same, with a multiplication sign for the x of 3x3 */
void html_remark(struct text *t, const char *s);          /* the same, and `names` in backquotes as code */

const char *html_short(struct arena *a, int64_t value);  /* "13.2 G", "98,304": rounded where it has more than six digits */
const char *html_memory(struct arena *a, int64_t bytes); /* "392 KiB" */
/* "37.5": so many hundredths of whole, which is not 0 unless part is. */
const char *html_percent(struct arena *a, int64_t part, int64_t whole);

#endif
