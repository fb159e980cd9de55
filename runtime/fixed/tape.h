/* A value for inference, composed backwards: the operators between the sources and the value are recorded when they are called, and
 * composed when the value's kernels are asked for, from the value towards its sources. Then what is held in between has as many rows
 * as the value has channels, and the end of a classifier has few: forwards, as private inference composes (value.c), each step has a
 * column for each channel of the source, which for the larger networks of CryptoNAS takes ten times the time and the memory. */
#ifndef RUNTIME_FIXED_TAPE_H
#define RUNTIME_FIXED_TAPE_H

#include "runtime/fixed/fold.h"

#include <stdbool.h>

enum fold_step_kind { FOLD_STEP_SOURCE, FOLD_STEP_OPERATOR, FOLD_STEP_CHANNELS, FOLD_STEP_SUM, FOLD_STEP_STACK };

struct fold_step {
    enum fold_step_kind kind;
    uint32_t k, h, w;         /* of its result */
    uint32_t at;              /* source: the point; channels: the first one */
    struct fold_operator op;  /* owns its weights */
    const uint32_t *in;       /* steps before it; owned */
    size_t n_in;
};
struct fold_tape {
    struct fold_step *steps;
    size_t n, cap;
    bool composed; /* its value was asked for: the next step begins the next value */
};

/* Appends what slot y is, of slots x. Takes nothing over; copies the weights. */
CNAS_CHECKED enum cnas_status cn_tape_record(struct cnas_fold *f, uint32_t y, const struct fold_step *step, const uint32_t *x);
/* Bias and kernels of slot x. */
CNAS_CHECKED enum cnas_status cn_tape_compose(struct cnas_fold *f, uint32_t x);
void cn_tape_free(struct fold_tape **t);

#endif
