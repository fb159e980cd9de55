/* The log of a training: JSON lines. What each line holds is in docs/training.md.
 * However often the training is interrupted, every epoch is in it once: a line is written before the checkpoint that covers it, and who
 * goes on from a checkpoint takes the lines after its place out. */
#ifndef RUNTIME_CLI_TRAIN_LOG_H
#define RUNTIME_CLI_TRAIN_LOG_H

#include <cnas/train.h>
#include <jansson.h>

struct cn_train_log {
    const char *path; /* NULL: there is no log, and the calls below do nothing */
    json_t *lines;    /* all that it holds, an array of objects */
    char *waiting;    /* text of those that are not in the file yet */
    size_t waiting_bytes;
    double before_s;  /* seconds of training before this run */
    double started;   /* cn_clock of this run's start */
    int fd, complete; /* complete: the training had ended before this run */
    int warned;
};

/* The lines of the log at path, which is another program's too: errors are told; the result is an exit status, -1 for success. A last
 * line without its end, left by a process that was killed, is passed over. */
int cn_train_log_read(json_t **lines, const char *path);
/* Before a training whose number of epochs is not known yet: whether its log may be written at path, for all that can be said.
 * first: the line that begins it. The same results. */
int cn_train_log_may_write(const char *path, const json_t *first);
/* At CNAS_TRAIN_OPEN: takes over what is in the file, which is left as it is. first: the line that begins a log. The same results. */
int cn_train_log_open(struct cn_train_log *log, const struct cnas_train_progress *p, const json_t *first);
/* At CNAS_TRAIN_START: from now on it is written. The reference to first is taken. The same results. */
int cn_train_log_start(struct cn_train_log *log, const struct cnas_train_progress *p, json_t *first);
/* Of CNAS_TRAIN_STEP and CNAS_TRAIN_EPOCH. */
void cn_train_log_progress(struct cn_train_log *log, const struct cnas_train_progress *p);
/* Any line; the reference is taken. What cannot be written is a warning, and is tried again with the next line. */
void cn_train_log_add(struct cn_train_log *log, json_t *line);
void cn_train_log_close(struct cn_train_log *log);

/* "type" of a line, and numbers of it, NAN where there is none. */
const char *cn_train_log_type(const json_t *line);
double cn_train_log_number(const json_t *line, const char *name);

#endif
