/* Comparing private results with the clear fixed-point network, for those who hold its weights: demonstrations and tests. */
#ifndef RUNTIME_CLI_CHECK_H
#define RUNTIME_CLI_CHECK_H

#include <cnas/fixed.h>

struct cn_check {
    struct cnas_fixed *q; /* NULL: nothing is checked */
    struct cnas_ctx *ctx;
    uint64_t *input;
    int64_t *logits;
};

/* path NULL: no check. These two return 0, or 1 after an error message. */
int cn_check_open(struct cn_check *c, const struct cnas_model *m, const char *path);
int cn_check_plan(const struct cn_check *c, const struct cnas_fixed_plan *plan, const char *path);
/* 1: all logits are equal; 0: they are not; -1: not checked. */
int cn_check_image(struct cn_check *c, const struct cnas_model *m, const struct cnas_fixed_plan *plan, const float *image,
                   const int64_t *logits);
void cn_check_close(struct cn_check *c);

#endif
