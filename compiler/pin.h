/* A network with its answers: the source text with every choice picked in it, so that it compiles to the same network alone. */
#ifndef COMPILER_PIN_H
#define COMPILER_PIN_H

#include "compiler/base/diag.h"
#include "compiler/base/text.h"
#include "compiler/load/load.h"
#include "compiler/pass/pass.h"
#include "compiler/sema/elab.h"

/* Adds the file in which found's network stands, in canonical layout: its @pick names every choice that is not picked beside itself as
 * it was picked, and parameters that were auto or were given from outside have their values as defaults. What says so already
 * is left as it is, and so are comments, imports and other networks. Every choice of found is pinned.
 * False after an error: some value cannot be written in the text. */
bool pin_source(struct text *out, struct diag *d, const struct elab_found *found);

/* --verify: what pin_source added is the text of the same network, and pinning it again changes nothing. graph: the network after
 * all passes of these settings. NULL, or what is wrong. */
const char *pin_verify(const struct text *pinned, const struct load_options *load, const struct pass_settings *settings,
                       const struct elab_found *found, const struct ir_graph *graph);

#endif
