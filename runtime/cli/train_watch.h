/* Watching a training: what is printed while it goes, the best weights on the validation set, and when to stop. */
#ifndef RUNTIME_CLI_TRAIN_WATCH_H
#define RUNTIME_CLI_TRAIN_WATCH_H

#include "runtime/cli/progress.h"
#include "runtime/cli/train_announce.h"
#include "runtime/cli/train_log.h"

enum { CN_TRAIN_WATCH_PARTS = 20 };

struct cn_train_watch {
    const struct cn_train_scene *scene;
    const struct cn_train_cli *o; /* of the scene */
    struct cn_train_log *log;
    json_t *record;       /* the first line of the log; the watch takes it */
    struct cn_progress progress;
    double started;       /* cn_clock of the first step */
    double first;         /* samples that were done then */
    double trained;       /* samples of this run, so far */
    int complete;         /* the last epoch is over */
    int failed;           /* an exit status: the log cannot be used; 0: all is well */
    int out_of_time;      /* the time budget is spent */
    uint32_t best_epoch;  /* on the validation set; 0: none yet */
    double best_accuracy;
    struct cnas_train_part parts[CN_TRAIN_WATCH_PARTS]; /* as of the last call */
    size_t n_parts;
};

/* The callback of struct cnas_train_control; user is a struct cn_train_watch with scene, o, log and record set. */
int cn_train_on_progress(void *user, const struct cnas_train_progress *p);
/* After cnas_train: takes the bar away and says what this run has done; status and error are cnas_train's. */
void cn_train_sum_up(struct cn_train_watch *w, enum cnas_status status, const struct cnas_error *err);
/* The page, if it is wanted. What goes wrong is a warning. */
void cn_train_show_page(const struct cn_train_cli *o, const struct cn_train_log *log);

#endif
