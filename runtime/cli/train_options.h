/* The options of NET-train. */
#ifndef RUNTIME_CLI_TRAIN_OPTIONS_H
#define RUNTIME_CLI_TRAIN_OPTIONS_H

#include "runtime/cli/common.h"

enum { CN_CALIBRATION_IMAGES = 1000 };

struct cn_train_cli {
    const char *data, *out, *fixed_out;
    uint64_t epochs, batch, seed, threads, loader_threads, ring_bits, weight_bits, activation_bits;
    double lr;
    int resize, resume, fresh, quantize;
    char out_name[CN_PATH], fixed_name[CN_PATH], checkpoint[CN_PATH + 16];
};

/* Result: -1 to go on, else an exit status. */
int cn_train_parse(struct cn_train_cli *o, int argc, char **argv, const struct cnas_model *m);
/* What the library is to do: the network's defaults, changed by the options. */
void cn_train_recipe(struct cnas_train_options *t, const struct cn_train_cli *o, const struct cnas_model *m);

#endif
