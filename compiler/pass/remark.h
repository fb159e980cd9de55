/* What passes say to the user: what they did, what they would have done and why not, what they found. -Rpass, -Rpass-missed and
 * -Rpass-analysis choose what is shown. */
#ifndef COMPILER_PASS_REMARK_H
#define COMPILER_PASS_REMARK_H

#include "compiler/base/site.h"
#include "compiler/base/vec.h"

#include <stdint.h>

enum remark_kind { REMARK_PASSED, REMARK_MISSED, REMARK_ANALYSIS };
enum { REMARK_KINDS = 3 };

struct remark {
    enum remark_kind kind;
    struct site site;
    int64_t relus; /* ReLU-equivalents fewer by this; 0: it is not about their number */
    const char *text;
};

struct remarks {
    struct arena *arena;
    VEC(struct remark) list;
};

/* site: of the node it is about. */
void remark(struct remarks *r, enum remark_kind kind, const struct site *site, int64_t relus, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

extern const char *const remark_flags[REMARK_KINDS]; /* "pass", "pass-missed", "pass-analysis" */

#endif
