/* C from a plan. For a network `Fashion`: fashion.h (the programming interface), fashion_internal.h, fashion.c (clear training
 * and inference), fashion_fixed.c, fashion_server.c, fashion_client.c (private inference), one small main program each,
 * fashion.mk and a Makefile; with composed weights also fashion_served.c and fashion_compose.c. Of a plan without a private side, what is private is left out, also in the model. Same plan and options, same bytes; no dates, no paths. */
#ifndef COMPILER_EMIT_EMIT_H
#define COMPILER_EMIT_EMIT_H

#include "compiler/base/arena.h"
#include "compiler/lower/plan.h"

enum emit_target { EMIT_TRAIN = 1, EMIT_CLEAR_INFER = 2, EMIT_CLIENT = 4, EMIT_SERVER = 8, EMIT_ALL = 15 };

struct emit_options {
    unsigned targets;        /* programs, EMIT_ bits; client and server need a plan with a private side */
    const char *version;     /* of cnasc */
    const char *source;      /* base name of the input file: "fashion.cnas" */
    const char *source_hash; /* hex digest of the input file's bytes, for the banner; NULL: not shown */
    const struct plan_served *served; /* for inference in the clear; NULL: the trained network itself */
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
