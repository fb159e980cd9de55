/* The clear network beside the private one. */
#include "runtime/cli/check.h"

#include "runtime/cli/args.h"

#include <stdlib.h>
#include <string.h>

int cn_check_open(struct cn_check *c, const struct cnas_model *m, const char *path)
{
    struct cnas_error err;
    if (!path)
        return 0;
    c->input = malloc((size_t)m->c * m->h * m->w * sizeof *c->input);
    c->logits = malloc(m->classes * sizeof *c->logits);
    if (!c->input || !c->logits)
        return cn_fail(1, "no memory for the check");
    if (cnas_fixed_load(&c->q, m, path, &err) != CNAS_OK)
        return cn_fail(1, "%s", err.text);
    return cnas_ctx_new(&c->ctx, 1) == CNAS_OK ? 0 : cn_fail(1, "no memory for the check");
}

/* Another plan would give other logits without anything being wrong. */
int cn_check_plan(const struct cn_check *c, const struct cnas_fixed_plan *plan, const char *path)
{
    if (!c->q)
        return 0;
    const struct cnas_fixed_plan *own = cnas_fixed_plan(c->q);
    if (own->ring_bits != plan->ring_bits || own->weight_bits != plan->weight_bits || own->n_points != plan->n_points ||
        memcmp(own->frac, plan->frac, plan->n_points) != 0 || memcmp(own->shift, plan->shift, plan->n_points) != 0)
        return cn_fail(1, "%s is not what the server uses: its scales or its ring differ", path);
    return 0;
}

int cn_check_image(struct cn_check *c, const struct cnas_model *m, const struct cnas_fixed_plan *plan, const float *image,
                       const int64_t *logits)
{
    if (!c->q)
        return -1;
    cnas_fixed_input(c->input, image, m, plan);
    if (cnas_fixed_infer(c->q, m, c->ctx, c->logits, c->input, 1) != CNAS_OK)
        return -1;
    return memcmp(c->logits, logits, m->classes * sizeof *logits) == 0;
}

void cn_check_close(struct cn_check *c)
{
    cnas_fixed_free(&c->q);
    cnas_ctx_free(&c->ctx);
    free(c->input);
    free(c->logits);
}
