/* Diagnostics as the options want them: on standard error, as text or JSON, in colour or not. */
#ifndef COMPILER_SHOW_H
#define COMPILER_SHOW_H

#include "compiler/base/diag.h"
#include "compiler/options.h"

/* failure: what the world refused, or NULL. Returns the exit status for it: 2 after a failure, 1 after errors, otherwise 0. */
int show_diagnostics(struct arena *a, struct diag *d, const char *failure, const struct options *o);

#endif
