/* Parameters of one network as those of another: a pass rewrites a graph, but the layers that stay keep their names. */
#ifndef COMPILER_ORACLE_WEIGHTS_H
#define COMPILER_ORACLE_WEIGHTS_H

#include <cnas/model.h>

#include <stdbool.h>

/* A network and values for its parameters. */
struct oracle_weights {
    const struct cnas_model *model;
    const float *params; /* model->params_floats */
};

/* The parameter of this name; NULL: there is none. */
const struct cnas_param *oracle_param(const struct cnas_model *m, const char *name);

/* A parameter with the same name and shape need not have the same value: a convolution that took in a batch norm has other
 * weights. Who knows how a pass composed parameters says so here. */
enum oracle_made { ORACLE_SAME, ORACLE_MADE, ORACLE_CANNOT };
struct oracle_maker {
    /* ORACLE_MADE: out (q->size floats) was computed from the weights `from`; ORACLE_SAME: q is as it was there. */
    enum oracle_made (*make)(void *context, float *out, const struct cnas_param *q, struct oracle_weights from);
    void *context;
};

/* Fills params, all of them, for network m: each by `maker` (NULL: there is none), or else from the parameter of the same name,
 * kind and shape in `from`. Returns NULL, or the first parameter that has no source. */
const struct cnas_param *oracle_weights_move(float *params, const struct cnas_model *m, struct oracle_weights from,
                                             const struct oracle_maker *maker);

/* Back: those parameters of `to` that m has under the same name, kind and shape take m's values; the others stay. So networks take
 * turns on shared weights. */
void oracle_weights_merge(float *to, const struct cnas_model *model_of_to, struct oracle_weights from);

#endif
