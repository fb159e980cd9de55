/* What a log says about the training as a whole: its first line and its last ones. */
#ifndef RUNTIME_CLI_TRAIN_RECORD_H
#define RUNTIME_CLI_TRAIN_RECORD_H

#include "runtime/cli/train_options.h"

#include <jansson.h>

/* Type "start": network, data, recipe, seed, whose soft labels, versions, machine, time. */
json_t *cn_train_record_start(const struct cn_train_cli *o, const struct cnas_model *m, const struct cnas_train_sets *sets, size_t tests,
                              const struct cnas_ctx *ctx);
/* Type "test": right answers on the test set. */
json_t *cn_train_record_test(const struct cn_score *s, int has_fixed);

#endif
