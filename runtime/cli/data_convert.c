/* cnas-data convert and split. All is written into OUT.tmp-PID, which becomes OUT at the end: OUT is a whole data set or not there. */
#define _XOPEN_SOURCE 700
#include "runtime/cli/data_tool.h"

#include "runtime/cli/args.h"
#include "runtime/cli/held_out.h"
#include "runtime/cli/progress.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

struct writing {
    struct cn_progress progress;
    char *folder; /* OUT.tmp-PID */
};

static void give_up(const struct writing *w)
{
    nftw(w->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void on_written(void *user, size_t done, size_t total)
{
    struct writing *w = user;
    if (interrupted) {
        cn_progress_clear(&w->progress);
        give_up(w);
        exit(cn_fail(130, "interrupted; nothing is written"));
    }
    if (done < total)
        cn_progress_show(&w->progress, (double)done, (double)total, "writing image files: %zu of %zu", done, total);
}

static enum cnas_dataset_form cifar_of(uint32_t classes)
{
    return classes <= 10 ? CNAS_DATASET_CIFAR10 : CNAS_DATASET_CIFAR100;
}

/* --to; NULL: as it is. */
static int read_form(enum cnas_dataset_form *form, const char *to, const struct cn_data_set *s)
{
    if (!to)
        *form = s->found.form;
    else if (!strcmp(to, "idx"))
        *form = CNAS_DATASET_IDX;
    else if (!strcmp(to, "cifar"))
        *form = cifar_of(s->classes);
    else if (!strcmp(to, "folder"))
        *form = CNAS_DATASET_FOLDERS;
    else
        return cn_fail(2, "--to: `%s' is none of idx, cifar, folder", to);
    return -1;
}

static int save_parts(struct writing *w, const struct cn_data_set *s, enum cnas_dataset_form form)
{
    struct cnas_error err;
    for (int p = 0; p < 2; p++) {
        if (!s->part[p].n)
            continue;
        cn_progress_start(&w->progress);
        const enum cnas_status status = cnas_dataset_save(&s->part[p], &s->names, w->folder, cn_part_name[p], form, on_written, w, &err);
        cn_progress_clear(&w->progress);
        if (status)
            return cn_fail(1, "%s", err.text);
        if (interrupted)
            return cn_fail(130, "interrupted; nothing is written");
    }
    return -1;
}

static int save(const struct cn_data_set *s, const char *out, enum cnas_dataset_form form)
{
    struct writing w;
    struct stat st;
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    size_t length = strlen(out);
    while (length > 1 && out[length - 1] == '/') /* OUT/ is OUT */
        length--;
    const size_t size = length + 32;
    if (!lstat(out, &st))
        return cn_fail(1, "%s: is there already; a new folder is written", out);
    if (!(w.folder = malloc(size)))
        return cn_fail(1, "no memory to write the data set");
    snprintf(w.folder, size, "%.*s.tmp-%ld", (int)length, out, (long)getpid());
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    int status = -1;
    if (mkdir(w.folder, 0777)) {
        status = cn_fail(1, "%s: cannot make this folder: %s", out, strerror(errno));
    } else {
        status = save_parts(&w, s, form);
        if (status < 0 && rename(w.folder, out))
            status = cn_fail(1, "%s: cannot make this folder: %s", out, strerror(errno));
        if (status >= 0)
            give_up(&w);
    }
    if (status < 0)
        printf("wrote %s: %s, %zu training and %zu test images\n", out, cnas_dataset_form_name(form), s->part[CN_TRAIN].n,
               s->part[CN_TEST].n);
    free(w.folder);
    return status < 0 ? 0 : status;
}

int cn_data_convert(int argc, char **argv)
{
    struct cn_data_wish w = {.channels = 3};
    const char *dir[1], *out = NULL, *to = NULL;
    const struct cn_arg options[] = {
        {"out", CN_ARG_STRING, &out, "OUT", "the new folder (or -o OUT)", 0, 0},
        {"to", CN_ARG_STRING, &to, "FORM", "idx: MNIST's files, of grey images; cifar: CIFAR's binary files, of 3x32x32\nand up to 100 classes; folder: OUT/train/CLASS/NUMBER.png", 0, 0},
        CN_DATA_CHANNELS(w), CN_DATA_RESIZE(w)};
    size_t n;
    struct cn_data_set s;
    enum cnas_dataset_form form = CNAS_DATASET_FORMS;
    int status = cn_args_parse(argc, argv, options, sizeof options / sizeof *options, dir, 1, &n, "[OPTION]... DIR -o OUT --to FORM",
                               "Writes a data set in another form. Labels stay as they are.");
    if (status >= 0)
        return status;
    if (!n || !out || !to)
        return cn_fail(2, "give the folder of a data set, -o OUT and --to FORM; see %s --help", cn_program());
    status = cn_data_open(&s, dir[0], &w, -1);
    if (status < 0)
        status = read_form(&form, to, &s);
    if (status < 0)
        status = save(&s, out, form);
    cn_data_close(&s);
    return status;
}

int cn_data_split(int argc, char **argv)
{
    struct cn_data_wish w = {.channels = 3};
    const char *dir[1], *out = NULL, *to = NULL;
    uint64_t seed = 1;
    struct cn_held_out held_out;
    const char *validation = NULL;
    const struct cn_arg options[] = {
        {"out", CN_ARG_STRING, &out, "OUT", "the new folder (or -o OUT)", 0, 0},
        {"validation", CN_ARG_STRING, &validation, "N|P%", "images for validation: so many, or so many percent", 0, 0},
        {"seed", CN_ARG_UINT, &seed, "N", "chooses them (default 1)", 0, 9007199254740992.0},
        {"to", CN_ARG_STRING, &to, "FORM", "idx, cifar or folder (default: as it is)", 0, 0}, CN_DATA_CHANNELS(w), CN_DATA_RESIZE(w)};
    size_t n;
    struct cn_data_set s;
    struct cnas_error err;
    enum cnas_dataset_form form = CNAS_DATASET_FORMS;
    int status = cn_args_parse(argc, argv, options, sizeof options / sizeof *options, dir, 1, &n, "[OPTION]... DIR -o OUT --validation N",
                               "Writes the training set of DIR as two parts: the images for validation become the test set of OUT, the\n"
                               "others its training set. Each class gives its share. The test set of DIR is not read.");
    if (status >= 0)
        return status;
    if (!n || !out || !validation)
        return cn_fail(2, "give the folder of a data set, -o OUT and --validation N; see %s --help", cn_program());
    if ((status = cn_held_out_parse(&held_out, validation)) >= 0)
        return status;
    status = cn_data_open(&s, dir[0], &w, CN_TRAIN);
    if (status < 0)
        status = read_form(&form, to, &s);
    if (status < 0 && cnas_dataset_split(&s.part[CN_TRAIN], &s.part[CN_TEST], cn_held_out_of(&held_out, s.part[CN_TRAIN].n), seed, &err))
        status = cn_fail(1, "%s", err.text);
    if (status < 0)
        status = save(&s, out, form);
    cn_data_close(&s);
    return status;
}
