/* cnas-data: looks at data sets and changes their form. */
#include "runtime/cli/data_tool.h"

#include <cnas/cnas.h>

#include "runtime/cli/args.h"
#include "runtime/cli/common.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *const cn_part_name[2] = {"train", "test"};

static const struct command {
    const char *name, *usage, *about;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"info", "info DIR", "form, images of each class, sizes, the @normalize line, what looks wrong", cn_data_info},
    {"convert", "convert DIR -o OUT --to FORM", "writes the set in another form: idx, cifar, or folder", cn_data_convert},
    {"split", "split DIR -o OUT --validation N", "writes its training set as two parts, train and (validation as) test", cn_data_split},
    {"show", "show DIR [N...] -o SHEET.png", "draws images on one sheet, by default a row for each class", cn_data_show},
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

static void usage(FILE *f)
{
    fprintf(f, "Usage: cnas-data COMMAND [OPTION]...\nLooks at data sets and changes their form: MNIST's IDX files, CIFAR's binary files, image folders.\n\n");
    for (size_t i = 0; i < N_COMMANDS; i++)
        fprintf(f, "  %-32s %s\n", commands[i].usage, commands[i].about);
    fprintf(f, "\n`cnas-data COMMAND --help' has the options of a command; `cnas-data --version' the version.\n");
}

static int read_size(uint32_t *h, uint32_t *w, const char *text)
{
    uint64_t a, b;
    const char *end = cn_digits(&a, text, 1, 4096);
    if (!end || *end != 'x' || !(end = cn_digits(&b, end + 1, 1, 4096)) || *end)
        return cn_fail(2, "--resize: `%s' is not a height and a width from 1 to 4096, such as 32x32", text);
    *h = (uint32_t)a;
    *w = (uint32_t)b;
    return -1;
}

int cn_data_open(struct cn_data_set *s, const char *dir, const struct cn_data_wish *wish, int only)
{
    struct cnas_error err;
    uint32_t h = 0, w = 0;
    *s = (struct cn_data_set){0};
    if (wish->channels == 2)
        return cn_fail(2, "--channels: 1 or 3");
    if (wish->resize) {
        const int status = read_size(&h, &w, wish->resize);
        if (status >= 0)
            return status;
    }
    if (cnas_dataset_find(&s->found, dir, &err) || cnas_class_names_load(&s->names, dir, &err))
        return cn_fail(1, "%s", err.text);
    s->classes = s->names.n;
    for (int p = 0; p < 2; p++) {
        if (only >= 0 ? p != only : !(p == CN_TRAIN ? s->found.train : s->found.test))
            continue;
        if (cn_read_set(&s->part[p], dir, cn_part_name[p], (uint32_t)wish->channels, h, w, &err))
            return cn_fail(1, "%s", err.text);
        if (s->part[p].classes > s->classes)
            s->classes = s->part[p].classes;
    }
    return -1;
}

void cn_data_close(struct cn_data_set *s)
{
    cnas_dataset_clear(&s->part[CN_TRAIN]);
    cnas_dataset_clear(&s->part[CN_TEST]);
    cnas_class_names_clear(&s->names);
}

const char *cn_class_name(const struct cn_data_set *s, uint32_t label)
{
    return label < s->names.n ? s->names.name[label] : "";
}

int main(int argc, char **argv)
{
    static char name[64];
    if (argc >= 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
        usage(stdout);
        return 0;
    }
    if (argc >= 2 && !strcmp(argv[1], "--version")) {
        printf("cnas-data %s\n", cnas_version());
        return 0;
    }
    for (size_t i = 0; i < N_COMMANDS && argc >= 2; i++)
        if (!strcmp(argv[1], commands[i].name)) {
            snprintf(name, sizeof name, "cnas-data %s", argv[1]);
            argv[1] = name;
            const int status = commands[i].run(argc - 1, argv + 1);
            if (fflush(stdout) && !status)
                return cn_fail(1, "cannot write to standard output: %s", strerror(errno));
            return status;
        }
    if (argc >= 2)
        fprintf(stderr, "cnas-data: no command `%s'\n", argv[1]);
    usage(stderr);
    return 2;
}
