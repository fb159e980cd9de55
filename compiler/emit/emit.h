/* C from a plan. For a network `Fashion`: fashion.h (the programming interface), fashion_internal.h, fashion.c (clear training
 * and inference), fashion_fixed.c, fashion_server.c, fashion_client.c (private inference), one small main program each,
 * fashion.mk and a Makefile. Same plan and options, same bytes; no dates, no paths. */
#ifndef COMPILER_EMIT_EMIT_H
#define COMPILER_EMIT_EMIT_H

#include "compiler/base/arena.h"
#include "compiler/lower/plan.h"

struct emit_options {
    const char *version;     /* of cnasc */
    const char *source;      /* base name of the input file: "fashion.cnas" */
    const char *source_hash; /* hex digest of the input file's bytes, for the banner; NULL: not shown */
    const char *command;     /* the options that shaped the network, "-D width=16"; NULL or "": none */
};

struct emit_file {
    const char *name; /* a base name */
    const char *bytes;
    size_t n;
};

struct emit_files {
    const struct emit_file *at;
    size_t n;
};

struct emit_files emit_c(struct arena *a, const struct plan *p, const struct emit_options *o);

#endif
