/* Data sets of every form: which one lies in a folder is told by the names in it. */
#include "runtime/data/dataset.h"

#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"
#include "runtime/data/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum form { IDX, CIFAR10, CIFAR100, N_FORMS };
static const char *const form_name[N_FORMS] = {"MNIST's IDX files", "CIFAR-10", "CIFAR-100"};

/* A name that only data sets of this form have; one is enough, so that the loader can say which other is missing. */
static const struct mark {
    const char *name;
    enum form form;
} marks[] = {
    {"train-images-idx3-ubyte", IDX}, {"train-images-idx3-ubyte.gz", IDX}, {"t10k-images-idx3-ubyte", IDX},
    {"t10k-images-idx3-ubyte.gz", IDX}, {"data_batch_1.bin", CIFAR10},     {"test_batch.bin", CIFAR10},
    {"train.bin", CIFAR100},          {"test.bin", CIFAR100},
};

/* 1: DIR/NAME is there, 0: it is not, -1: no memory. */
static int has(const char *dir, const char *name)
{
    struct stat st;
    const size_t size = strlen(dir) + strlen(name) + 2;
    char *path = malloc(size);
    if (!path)
        return -1;
    snprintf(path, size, "%s/%s", dir, name);
    const int there = !stat(path, &st);
    free(path);
    return there;
}

static enum cnas_status find_form(enum form *form, const char *dir, struct cnas_error *err)
{
    struct stat st;
    const char *label = cn_file_label(dir);
    *form = N_FORMS;
    if (stat(dir, &st))
        return cn_error(err, CNAS_E_IO, "%s: cannot read this data folder: %s", label, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return cn_error(err, CNAS_E_IO, "%s: a file; data sets are named by their folder", label);
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        const int there = has(dir, marks[i].name);
        if (there < 0)
            return cn_error(err, CNAS_E_MEMORY, "%s: no memory to open the data set", label);
        if (there && *form != N_FORMS && *form != marks[i].form)
            return cn_error(err, CNAS_E_FORMAT, "%s: holds two data sets, %s and %s: give each a folder of its own", label, form_name[*form],
                            form_name[marks[i].form]);
        if (there)
            *form = marks[i].form;
    }
    if (*form == N_FORMS && has(dir, "data_batch_1") == 1)
        return cn_error(err, CNAS_E_FORMAT, "%s: CIFAR-10 for Python; get the binary version, whose files are data_batch_1.bin and so on", label);
    if (*form == N_FORMS)
        return cn_error(err, CNAS_E_FORMAT,
                        "%s: no data set: neither MNIST's train-images-idx3-ubyte[.gz] nor CIFAR's data_batch_1.bin or train.bin is there",
                        label);
    return CNAS_OK;
}

enum cnas_status cnas_dataset_load(struct cnas_dataset *out, const char *dir, const char *part, struct cnas_error *err)
{
    enum form form;
    memset(out, 0, sizeof *out);
    cn_require(!strcmp(part, "train") || !strcmp(part, "test"));
    CNAS_TRY(find_form(&form, dir, err));
    return form == IDX       ? cnas_dataset_load_idx(out, dir, part, err)
           : form == CIFAR10 ? cn_cifar10_load(out, dir, part, err)
                             : cn_cifar100_load(out, dir, part, err);
}

void cnas_dataset_clear(struct cnas_dataset *d)
{
    cn_mem_free(d->pixels);
    cn_mem_free(d->labels);
    memset(d, 0, sizeof *d);
}

enum cnas_status cnas_dataset_check(const struct cnas_dataset *d, const struct cnas_model *m, struct cnas_error *err)
{
    if (d->c != m->c || d->h != m->h || d->w != m->w)
        return cn_error(err, CNAS_E_MISMATCH, "the data set's images are %ux%ux%u, network `%s` takes %ux%ux%u", d->c, d->h, d->w,
                        m->name, m->c, m->h, m->w);
    if (d->classes > m->classes)
        return cn_error(err, CNAS_E_MISMATCH, "the data set holds label %u, network `%s` has only %u classes", d->classes - 1, m->name,
                        m->classes);
    return CNAS_OK;
}
