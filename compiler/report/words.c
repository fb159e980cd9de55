#include "compiler/report/words.h"

#include "compiler/base/text.h"

#include <inttypes.h>
#include <string.h>

const char *words_operator(struct arena *a, const struct ir_node *n)
{
    struct text t = text_new(a);
    int64_t stride = 1;
    text_add(&t, "%s", ir_op_name(n->op));
    if (n->op == IR_CONV) {
        text_add(&t, " %" PRId64 "x%" PRId64, n->conv.kh, n->conv.kw);
        stride = n->conv.stride;
    } else if (n->op == IR_AVG_POOL || n->op == IR_MAX_POOL) {
        const struct ir_pool *p = n->op == IR_AVG_POOL ? &n->avg_pool : &n->max_pool;
        text_add(&t, " %" PRId64 "x%" PRId64, p->kernel, p->kernel);
        stride = p->stride;
    } else if (n->op == IR_SUBSAMPLE) {
        stride = n->subsample.stride;
    } else if (n->op == IR_DROPOUT) {
        text_add(&t, " %g", n->dropout.rate);
    }
    if (stride != 1)
        text_add(&t, " /%" PRId64, stride);
    if (n->op == IR_CONV && n->conv.groups != 1)
        text_add(&t, " groups %" PRId64, n->conv.groups);
    if (n->op == IR_CONV && n->conv.dilation != 1)
        text_add(&t, " dilation %" PRId64, n->conv.dilation);
    return text_str(&t);
}

const char *words_stage(struct arena *a, struct ir_shape s)
{
    return s.rank == 3 ? arena_printf(a, "%" PRId64 "x%" PRId64, s.h, s.w) : "vectors";
}

const char *words_place(struct arena *a, const struct site *s)
{
    if (!s->file)
        return "";
    const char *slash = strrchr(s->file, '/'), *file = slash ? slash + 1 : s->file;
    struct text t = text_new(a);
    text_add(&t, "%s", file);
    if (s->line)
        text_add(&t, ":%d", s->line);
    if (s->block)
        text_add(&t, " in %s", s->block);
    return text_str(&t);
}

const char *words_kind(enum pass_kind kind)
{
    return kind == PASS_EXACT || kind == PASS_MARKS ? "kept" : kind == PASS_CLOSE ? "rounded" : "changed";
}
