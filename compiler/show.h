/* Diagnostics and remarks as the options want them: on standard error, as text or JSON, in colour or not. */
#ifndef COMPILER_SHOW_H
#define COMPILER_SHOW_H

#include "compiler/base/diag.h"
#include "compiler/options.h"

/* The remarks that the options choose: as text they join the diagnostics, as JSON they go to standard error or a file. False: *failure
 * says why the file could not be written. */
bool show_remarks(struct arena *a, struct diag *d, const char *network, const struct pass_trace *passes, const struct options *o,
                  const char **failure);

/* failure: what the world refused, or NULL. Returns the exit status for it: 2 after a failure, 1 after errors, otherwise 0. */
int show_diagnostics(struct arena *a, struct diag *d, const char *failure, const struct options *o);

#endif
