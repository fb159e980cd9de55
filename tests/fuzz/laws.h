/* What the fuzz targets share: laws that must hold for whatever was accepted, and the stages from a graph on. */
#ifndef TESTS_FUZZ_LAWS_H
#define TESTS_FUZZ_LAWS_H

#include "compiler/base/diag.h"
#include "compiler/ir/ir.h"
#include "compiler/pass/pass.h"

#include <stddef.h>
#include <stdint.h>

/* One input, from beginning to end; libFuzzer and replay.c call it. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* Aborts, showing both texts, where they differ. got NULL: there is none. */
void law_same(const char *law, const char *got, const char *want);

/* A verified graph g: its text reads back as g, and so does every pass's. Passes, counts, and plans of both kinds are made and verified,
 * and everything is printed. Returns the graph after the passes of settings; NULL: errors in d. */
const struct ir_graph *law_graph(struct arena *a, struct diag *d, const struct ir_graph *g, const struct pass_settings *settings);

/* Everything that was reported, as text and as JSON, printed to nowhere. */
void law_diagnostics(struct arena *a, const struct diag *d);

#endif
