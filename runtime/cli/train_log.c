/* Writing and reading the log of a training. */
#include "runtime/cli/train_log.h"

#include "runtime/cli/args.h"
#include "runtime/cli/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_LIMIT = 1 << 20 };

const char *cn_train_log_type(const json_t *line)
{
    const char *type = json_string_value(json_object_get(line, "type"));
    return type ? type : "";
}

double cn_train_log_number(const json_t *line, const char *name)
{
    const json_t *value = json_object_get(line, name);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static int is_log(const json_t *lines)
{
    const json_t *first = json_array_get(lines, 0);
    return first && !strcmp(cn_train_log_type(first), "start") && cn_train_log_number(first, "format") == 1;
}

int cn_train_log_read(json_t **lines, const char *path)
{
    char *text = NULL;
    size_t room = 0, number = 0;
    ssize_t length;
    FILE *f = fopen(path, "r");
    int status = -1;
    if (!f)
        return cn_fail(1, "%s: cannot read this log: %s", path, strerror(errno));
    *lines = json_array();
    while (status < 0 && (length = getline(&text, &room, f)) > 0 && text[length - 1] == '\n') {
        json_t *line = length <= LINE_LIMIT ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
        number++;
        if (!json_is_object(line) || json_array_append(*lines, line))
            status = cn_fail(1, "%s:%zu: not a line of a training log", path, number);
        json_decref(line);
    }
    if (status < 0 && ferror(f))
        status = cn_fail(1, "%s: cannot read this log: %s", path, strerror(errno));
    if (status < 0 && !is_log(*lines))
        status = cn_fail(1, "%s: not a training log", path);
    fclose(f);
    free(text);
    if (status >= 0) {
        json_decref(*lines);
        *lines = NULL;
    }
    return status;
}

/* A line that tells of what comes after the checkpoint. */
static int is_later(const json_t *line, double finished, double step)
{
    const double epoch = cn_train_log_number(line, "epoch");
    if (!strcmp(cn_train_log_type(line), "epoch"))
        return epoch > finished;
    return !strcmp(cn_train_log_type(line), "steps") && (epoch > finished + 1 || (epoch == finished + 1 && cn_train_log_number(line, "step") > step));
}

enum { FORM = JSON_COMPACT | JSON_REAL_PRECISION(10) };

/* The line as it will be read again, so that what is drawn from memory is what is drawn from the file. Takes the reference. */
static json_t *as_read(json_t *line)
{
    char *text = json_dumps(line, FORM);
    json_decref(line);
    line = text ? json_loads(text, 0, NULL) : NULL;
    free(text);
    return line;
}

/* A recipe without what depends on the number of epochs. */
static json_t *but_epochs(json_t *recipe)
{
    json_t *rest = json_object();
    const char *name;
    json_t *value;
    json_object_foreach(recipe, name, value)
        if (strcmp(name, "epochs") && strncmp(name, "milestone", 9))
            json_object_set(rest, name, value);
    return rest;
}

static int is_same(const json_t *old, const json_t *first, int any_epochs)
{
    json_t *there = json_object_get(old, "recipe"), *here = json_object_get(first, "recipe"), *soft = json_object_get(old, "soft_labels"),
           *here_soft = json_object_get(first, "soft_labels");
    json_t *a = any_epochs ? but_epochs(there) : json_deep_copy(there), *b = any_epochs ? but_epochs(here) : json_deep_copy(here);
    const int same = json_equal(a, b) && json_equal(json_object_get(old, "digest"), json_object_get(first, "digest")) &&
                     (soft || here_soft ? json_equal(soft, here_soft) : 1);
    json_decref(a);
    json_decref(b);
    return same;
}

/* The lines of a log that is there and is this training's. *lines NULL: there is none; one that cannot be made is told when it is written. */
static int read_own(json_t **lines, const char *path, const json_t *first, int any_epochs)
{
    struct stat st;
    *lines = NULL;
    if (stat(path, &st))
        return -1;
    if (!S_ISREG(st.st_mode))
        return cn_fail(1, "%s: not a regular file: a log is read and gone on with", path);
    const int status = cn_train_log_read(lines, path);
    if (status >= 0)
        return status;
    json_t *as_file = as_read(json_deep_copy(first)); /* a file has fewer digits than a recipe may have */
    const int same = is_same(json_array_get(*lines, 0), as_file, any_epochs);
    json_decref(as_file);
    if (same)
        return -1;
    json_decref(*lines);
    *lines = NULL;
    return cn_fail(1, "%s: the log of another training: name another one, or remove it", path);
}

int cn_train_log_may_write(const char *path, const json_t *first)
{
    json_t *lines = NULL;
    const int status = read_own(&lines, path, first, 1);
    json_decref(lines);
    return status;
}

int cn_train_log_open(struct cn_train_log *log, const struct cnas_train_progress *p, const json_t *first)
{
    const double finished = p->finished ? p->epochs : p->epoch - 1, step = p->finished ? 0 : (double)p->step;
    json_t *lines;
    if (!log->path)
        return -1;
    log->lines = json_array();
    const int status = read_own(&lines, log->path, first, 0);
    for (size_t i = 0; p->resumed && i < json_array_size(lines); i++) {
        json_t *line = json_array_get(lines, i);
        const double seconds = cn_train_log_number(line, "seconds");
        const char *reason = json_string_value(json_object_get(line, "reason"));
        if (is_later(line, finished, step))
            continue;
        json_array_append(log->lines, line);
        log->before_s = seconds > log->before_s ? seconds : log->before_s;
        log->complete = log->complete || (p->finished && reason && !strcmp(reason, "finished"));
    }
    json_decref(lines);
    return status;
}

static void add_text(char **text, size_t *length, const json_t *line)
{
    char *one = json_dumps(line, FORM), *longer = NULL;
    if (one && (longer = realloc(*text, *length + strlen(one) + 2))) {
        *text = longer;
        *length += (size_t)sprintf(longer + *length, "%s\n", one);
    }
    free(one);
}

int cn_train_log_start(struct cn_train_log *log, const struct cnas_train_progress *p, json_t *first)
{
    struct cnas_error err;
    size_t length = 0;
    int status = -1;
    log->started = cn_clock();
    if (!log->path) {
        json_decref(first);
        return -1;
    }
    if (json_array_size(log->lines))
        json_object_set_new(first, "type", json_string("resume"));
    if (!log->complete) {
        json_object_set_new(first, "epoch", json_integer(p->epoch));
        json_object_set_new(first, "step", json_integer((json_int_t)p->step));
        first = as_read(first);
        json_array_append(log->lines, first);
        char *text = NULL;
        for (size_t i = 0; i < json_array_size(log->lines); i++)
            add_text(&text, &length, json_array_get(log->lines, i));
        if (!text || cnas_file_replace(log->path, text, length, &err))
            status = cn_fail(1, "%s", text ? err.text : "no memory for the log");
        free(text);
    }
    json_decref(first);
    if (status < 0 && (log->fd = open(log->path, O_WRONLY | O_APPEND | O_CLOEXEC)) < 0)
        status = cn_fail(1, "%s: cannot write it: %s", log->path, strerror(errno));
    return status;
}

/* All text that is not in the file yet, or nothing of it. */
static int flush(struct cn_train_log *log, int sync)
{
    size_t done = 0;
    const off_t before = lseek(log->fd, 0, SEEK_END);
    while (done < log->waiting_bytes) {
        ssize_t n = write(log->fd, log->waiting + done, log->waiting_bytes - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    /* a checkpoint follows the line of an epoch, and must not be on the disk before it */
    if (done == log->waiting_bytes && (!sync || !fdatasync(log->fd))) {
        log->waiting_bytes = 0;
        return 0;
    }
    const int cause = errno;
    if (before >= 0 && ftruncate(log->fd, before))
        return cause; /* a line without its end is passed over when the log is read */
    return cause;
}

void cn_train_log_add(struct cn_train_log *log, json_t *line)
{
    if (!log->path || log->complete || log->fd < 0) {
        json_decref(line);
        return;
    }
    json_array_append_new(log->lines, line = as_read(line));
    add_text(&log->waiting, &log->waiting_bytes, line);
    const int cause = flush(log, strcmp(cn_train_log_type(line), "steps") != 0);
    if (cause && !log->warned)
        cn_fail(0, "warning: %s: cannot write it: %s; it is tried again with every line", log->path, strerror(cause));
    log->warned = cause != 0;
}

static void add_share(json_t *line, const char *name, double value)
{
    if (value >= 0)
        json_object_set_new(line, name, json_real(value));
}

void cn_train_log_progress(struct cn_train_log *log, const struct cnas_train_progress *p)
{
    const int ended = p->event == CNAS_TRAIN_EPOCH;
    if (!log->path)
        return;
    json_t *line = json_pack("{s:s, s:i, s:I, s:I, s:f, s:f}", "type", ended ? "epoch" : "steps", "epoch", (int)p->epoch, "step",
                             (json_int_t)p->step, "images", (json_int_t)p->done, "loss", p->loss, "accuracy", p->accuracy);
    add_share(line, "validation_loss", p->validation_loss);
    add_share(line, "validation_accuracy", p->validation_accuracy);
    add_share(line, "test_accuracy", p->test_accuracy);
    json_object_set_new(line, "lr", json_real(p->lr));
    json_object_set_new(line, "images_per_s", json_real(p->images_per_s));
    json_object_set_new(line, "seconds", json_real(log->before_s + cn_clock() - log->started));
    if (ended && p->best_epoch)
        json_object_set_new(line, "best", json_boolean(p->best_epoch == p->epoch));
    cn_train_log_add(log, line);
}

void cn_train_log_close(struct cn_train_log *log)
{
    if (log->path && log->lines) {
        if (log->fd >= 0)
            close(log->fd);
        json_decref(log->lines);
        free(log->waiting);
        log->lines = NULL;
        log->waiting = NULL;
    }
}
