/* The collector's inside, shared by diag.c and diag_print.c only. */
#ifndef COMPILER_BASE_DIAG_INTERNAL_H
#define COMPILER_BASE_DIAG_INTERNAL_H

#include "compiler/base/diag.h"
#include "compiler/base/vec.h"

enum diag_kind { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE, DIAG_REMARK };

struct diag_item {
    enum diag_kind kind;
    struct span at;   /* source NULL: see site */
    struct site site; /* printed when at has no source; file NULL: no place at all */
    enum diag_code code; /* not of a note or a remark */
    const char *flag;    /* of a remark: the option that shows it */
    const char *text;
};

struct diag {
    struct arena *arena;
    struct diag_warnings wanted;
    size_t max, errors, warnings;
    bool quiet; /* the last message was not kept: nor are its notes */
    VEC(struct diag_item) items;
    VEC(const struct source *) sources;
};

#endif
