/* `cnasc doc`. */
#ifndef COMPILER_DOCUMENT_H
#define COMPILER_DOCUMENT_H

#include "compiler/options.h"

int document_run(struct arena *a, const struct options *o); /* the exit status */

#endif
