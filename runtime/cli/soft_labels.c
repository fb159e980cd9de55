/* Distillation in NET-train. */
#include "runtime/cli/soft_labels.h"

#include "runtime/cli/args.h"
#include "runtime/cli/progress.h"
#include "runtime/cli/recipe_text.h"
#include "runtime/cli/signals.h"
#include "runtime/cli/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct watch {
    const struct cn_train_scene *scene;
    struct cn_progress progress;
    uint32_t first;           /* view of this run */
    double started, answered; /* of cn_clock, 0: not yet; images */
};

/* It can be done: what is refused is refused before anything is said of it. */
static void begin(struct watch *w, const struct cnas_soft_labels_progress *p)
{
    const struct cn_train_cli *o = w->scene->o;
    char augment[CN_AUGMENT_TEXT];
    w->started = cn_clock();
    w->first = p->view;
    cn_progress_start(&w->progress);
    cn_train_announce(w->scene);
    if (o->quiet)
        return;
    cn_augment_text(augment, &o->recipe, 0);
    printf("soft labels: the answers of %s for %" PRIu32 " view%s of each training image; augmented: %s, seed %" PRIu64 "\n", o->out, p->views,
           p->views == 1 ? "" : "s", *augment ? augment : "none", o->recipe.seed);
    printf("engine: %s\n", p->engine);
    if (p->view)
        printf("going on from %s: view %" PRIu32 " of %" PRIu32 "\n", o->write_soft_labels, p->view + 1, p->views);
    fflush(stdout);
}

static int on_progress(void *user, const struct cnas_soft_labels_progress *p)
{
    struct watch *w = user;
    if (!(w->started > 0))
        begin(w, p);
    w->answered = (double)(p->view - w->first) * (double)p->total + (double)p->done;
    cn_progress_show(&w->progress, w->answered, (double)(p->views - w->first) * (double)p->total, "view %" PRIu32 "/%" PRIu32 "  %.0f images/s",
                     p->view + 1, p->views, w->answered / (cn_clock() - w->started + 1e-9));
    return cn_signals_caught();
}

/* What this run has done, and what the file has now. */
static void sum_up(const struct watch *w, uint32_t written)
{
    const struct cn_train_cli *o = w->scene->o;
    const double seconds = cn_clock() - w->started;
    char took[16];
    if (o->quiet)
        return;
    if (!(w->started > 0)) {
        printf("%s is complete: it has %" PRIu32 " view%s\n", o->write_soft_labels, written, written == 1 ? "" : "s");
        return;
    }
    if (w->answered > 0)
        printf("answered for %s, %.0f images/s with saving; peak memory %s\n", cn_duration(took, sizeof took, seconds), w->answered / seconds,
               cn_bytes_text(cn_peak_memory()).c);
    if (written >= o->views)
        printf("wrote %s\n", o->write_soft_labels);
    else if (written)
        printf("interrupted; %s has %" PRIu32 " of %" PRIu64 " views: the same command goes on from there\n", o->write_soft_labels, written,
               o->views);
    else
        printf("interrupted before the first view was whole: %s was not written\n", o->write_soft_labels);
}

int cn_soft_labels_make(const struct cn_train_scene *s)
{
    const struct cn_train_cli *o = s->o;
    struct watch w = {.scene = s};
    struct cnas_error err = {0};
    uint32_t written;
    float *params = NULL;
    const int status = cn_load_params(&params, s->m, o->out);
    if (status >= 0)
        return status;
    cn_signals_catch();
    const enum cnas_status failed = cnas_soft_labels_write(&written, o->write_soft_labels, s->ctx, s->m, params, s->sets->train, &o->recipe,
                                                           (uint32_t)o->views, on_progress, &w, &err);
    cn_signals_release();
    cn_progress_clear(&w.progress);
    free(params);
    if (failed && w.started > 0 && written)
        return cn_fail(1, "%s; %s has %" PRIu32 " of %" PRIu64 " views: the same command goes on from there", err.text, o->write_soft_labels,
                       written, o->views);
    if (failed)
        return cn_fail(1, "%s", err.text);
    sum_up(&w, written);
    return written < o->views ? 128 + cn_signals_caught() : 0;
}

int cn_soft_labels_take(struct cnas_soft_labels **soft, struct cn_train_cli *o, const struct cnas_dataset *train, const struct cnas_model *m)
{
    struct cnas_error err = {0};
    if (!o->soft_labels.n)
        return -1;
    for (size_t k = 0; k < o->soft_labels.n; k++) {
        const char *path = o->soft_labels.values[k];
        if (k ? cnas_soft_labels_add(*soft, path, train, &err) : cnas_soft_labels_load(soft, path, train, m->classes, &err))
            return cn_fail(1, "--soft-labels: %s", err.text);
    }
    cnas_soft_labels_augment(*soft, &o->recipe);
    return -1;
}
