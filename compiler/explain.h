/* `cnasc explain`. */
#ifndef COMPILER_EXPLAIN_H
#define COMPILER_EXPLAIN_H

#include "compiler/options.h"

int explain_run(struct arena *a, const struct options *o); /* the exit status */

#endif
