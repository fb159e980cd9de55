/* Comments at the ends of lines that follow one another stand in one column. */
#ifndef COMPILER_FMT_TRAIL_H
#define COMPILER_FMT_TRAIL_H

#include "compiler/base/text.h"

#include <stdint.h>

/* trails: where in `in` the comments begin, in order; each has one blank before it, unless it stands alone on its line. */
void trail_align(struct text *out, const struct text *in, const uint32_t *trails, size_t n);

#endif
