/* `cnasc fmt`. */
#ifndef COMPILER_FORMAT_H
#define COMPILER_FORMAT_H

#include "compiler/options.h"

int format_run(struct arena *a, const struct options *o); /* the exit status */

#endif
