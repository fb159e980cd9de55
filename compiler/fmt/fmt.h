/* The formatter: canonical layout of a .cnas file. No token and no comment is changed, added, removed or moved past another; only the
 * blanks and newlines between them are, so the meaning stays. Formatting what was formatted changes nothing.
 *
 * The author decides about: one empty line between statements and between the elements of a list; where the last element has a comma
 * behind it, the lines of the elements; pipes and if-then-else that were broken stay broken; a body of simple statements on one line
 * stays there; several annotations on one line. All else follows from the text. */
#ifndef COMPILER_FMT_FMT_H
#define COMPILER_FMT_FMT_H

#include "compiler/base/text.h"
#include "compiler/base/source.h"

/* s parses without errors. */
void fmt_source(struct text *out, const struct source *s);

#endif
