/* What the printers of one network share. Private to this room. */
#ifndef COMPILER_EMIT_EMIT_INTERNAL_H
#define COMPILER_EMIT_EMIT_INTERNAL_H

#include "compiler/emit/c.h"
#include "compiler/emit/emit.h"

struct emit {
    struct arena *a;
    const struct plan *p;
    const struct emit_options *o;
    const char *net, *upper;         /* "fashion", "FASHION": files and external symbols start so */
    const char *const *layer;        /* per layer: what its functions' names start with */
    const char *const *point;        /* per point: the same */
    const char *const *banner_lines; /* four */
    const char *trained;             /* of a network for inference alone: what the trained one is called; NULL: this is the trained one */
    VEC(struct emit_file) files;
};

/* names.c */
void emit_names(struct emit *e);
const char *emit_upper(struct arena *a, const char *name);

/* A new file with its banner; emit_file_add stores it as net + suffix. comment: "" for C, "# " for makefiles. */
struct text emit_file_new(struct emit *e, bool makefile);
void emit_file_add(struct emit *e, const char *name, const struct text *t);

/* Words for comments. */
const char *emit_dims(struct arena *a, struct plan_dims d);
const char *emit_site(struct arena *a, struct site site); /* " cnet.cnas:9 in fashion.cnas:6.", or "" */
const char *emit_terms(struct emit *e,
                       const struct plan_point *q);            /* what enters a point: "image * 3x3 + relu_1 * 4x4/2"; fixed.c */
bool emit_has_shape(const struct plan_layer *l);               /* a constant struct cnas_conv_shape */
bool emit_has_slice(const struct plan_layer *l);               /* a constant struct cnas_slice_shape */
const char *emit_product(struct arena *a, struct plan_dims d); /* "16 * 28 * 28" */

enum emit_mode { EMIT_INFER, EMIT_FORWARD, EMIT_BACKWARD };
void emit_kernel(struct emit *e, struct text *t, const struct plan_layer *l, enum emit_mode mode); /* kernel.c */

void emit_layers(struct emit *e, struct text *t);                                                  /* layers.c */
void emit_param_names(struct emit *e, struct text *t); /* header.c */
void emit_shape_names(struct emit *e, struct text *t);
void emit_fold_layer(struct emit *e, struct text *t, const struct plan_fold *f); /* fixed.c */
bool emit_fold_reads(const struct emit *e, const struct plan_fold *f);           /* parameters */

void emit_header(struct emit *e);   /* header.c: NET.h, NET_internal.h */
void emit_clear(struct emit *e);    /* clear.c: NET.c; of a network for inference: all of it */
void emit_served(struct emit *e);   /* serve.c: NET_served.c, NET_compose.c */
void emit_fixed(struct emit *e);    /* fixed.c: NET_fixed.c */
void emit_parties(struct emit *e);  /* party.c: NET_server.c, NET_client.c */
void emit_programs(struct emit *e); /* programs.c: the main programs, NET.mk, Makefile */

#endif
