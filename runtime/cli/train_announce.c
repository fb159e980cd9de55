/* What a training is about. */
#include "runtime/cli/train_announce.h"

#include "runtime/cli/recipe_text.h"
#include "runtime/cli/units.h"

#include <inttypes.h>
#include <stdio.h>

static void print_teacher(const struct cnas_soft_labels *soft, const struct cnas_train_options *o)
{
    const uint32_t views = cnas_soft_labels_views(soft);
    printf("distillation: the answers of %s for %" PRIu32 " view%s of each image; weight %g, temperature %g\n", cnas_soft_labels_teacher(soft),
           views, views == 1 ? "" : "s", o->distill_weight, o->temperature);
}

void cn_train_announce(const struct cn_train_scene *s)
{
    const struct cn_train_cli *o = s->o;
    const struct cnas_model *m = s->m;
    char held_out[48] = "";
    if (o->quiet)
        return;
    printf("network %s: %zu parameters, %llu ReLUs, %s multiplications an image\n", m->name, m->params_trained,
           (unsigned long long)m->relus, cn_count_text(m->macs).c);
    if (s->sets->validation)
        snprintf(held_out, sizeof held_out, ", %zu validation", s->sets->validation->n);
    printf("data: %zu training%s and %zu test images of %ux%ux%u\n", s->sets->train->n, held_out, s->test->n, m->c, m->h, m->w);
    cn_print_machine(s->ctx);
    if (s->ranks->group)
        printf("%u ranks, %u of them on this machine; batch norm over %s\n", s->ranks->group->size, s->ranks->local_size,
               o->sync_batch_norm ? "the whole batch" : "each rank's share of a batch");
    if (!o->quantize && !o->write_soft_labels) {
        cn_recipe_print_line(&o->recipe);
        if (s->sets->soft)
            print_teacher(s->sets->soft, &o->recipe);
        if (!s->sets->validation)
            printf("no validation set: the last epoch's weights are kept, %s\n",
                   o->test_every_epoch ? "and the test set, shown after every epoch, chooses nothing" : "and the test set is used once, at the end");
    }
    fflush(stdout);
}
