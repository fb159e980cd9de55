/* The options of NET-train. */
#ifndef RUNTIME_CLI_TRAIN_OPTIONS_H
#define RUNTIME_CLI_TRAIN_OPTIONS_H

#include "runtime/cli/args.h"
#include "runtime/cli/common.h"
#include "runtime/cli/held_out.h"

enum { CN_DIVERGED = 3, CN_OUT_OF_TIME = 4 }; /* exit statuses, see <cnas/cli.h> */
enum { CN_CALIBRATION_IMAGES = 1000, CN_RECIPE = 2048 /* characters */ };

struct cn_train_cli {
    const char *data, *out, *fixed_out;
    const char *log, *report, *from_log; /* NULL: none */
    struct cn_arg_list soft_labels; /* files of teachers */
    const char *soft_files[CNAS_TEACHERS_MAX], *write_soft_labels; /* NULL: none */
    struct cnas_train_options recipe; /* what the library is to do: the network's recipe or a preset, changed by the options */
    uint64_t views; /* of --write-soft-labels */
    uint64_t seed, threads, loader_threads, log_steps, ring_bits, weight_bits, activation_bits;
    double time_budget, checkpoint_every; /* seconds; 0: none */
    struct cn_held_out validation;
    int auto_epochs; /* the number of epochs follows from the time budget */
    int sync_batch_norm, profile, recompute, resize, resume, fresh, quantize, test_every_epoch, quiet;
    char out_name[CN_PATH], fixed_name[CN_PATH], checkpoint[CN_PATH + 16], best[CN_PATH + 32], log_name[CN_PATH + 32];
};

/* Result: -1 to go on, else an exit status. */
int cn_train_parse(struct cn_train_cli *o, int argc, char **argv, const struct cnas_model *m);

#endif
