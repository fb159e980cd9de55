/* What relu-shuffle says about its decisions. */
#ifndef COMPILER_PASS_SHUFFLE_H
#define COMPILER_PASS_SHUFFLE_H

#include "compiler/pass/place.h"
#include "compiler/pass/remark.h"

void shuffle_explain(struct remarks *r, const struct placement *p);      /* what changes */
void shuffle_explain_rest(struct remarks *r, const struct placement *p); /* why what is left stays */

#endif
