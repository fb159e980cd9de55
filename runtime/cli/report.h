/* What the client prints: a table, or JSON. */
#ifndef RUNTIME_CLI_REPORT_H
#define RUNTIME_CLI_REPORT_H

#include "runtime/cli/images.h"

#include <cnas/private.h>

struct cn_result {
    uint32_t label;
    int equal; /* to the clear fixed-point logits, all of them; -1: not checked */
    struct cnas_phase_stats online; /* of this image */
};

struct cn_report {
    const struct cnas_model *m;
    const struct cn_images *images;
    struct cn_result *results; /* one for each image */
    int json;                  /* the table stays silent; cn_report_end prints all */
};

void cn_report_head(const struct cn_report *r);
void cn_report_image(const struct cn_report *r, size_t i);
void cn_report_end(const struct cn_report *r, const struct cnas_private_stats *s);

#endif
