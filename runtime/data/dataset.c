/* Data sets of every form: which one lies in a folder is told by the names in it. */
#include "runtime/data/dataset.h"

#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"
#include "runtime/data/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *cnas_dataset_form_name(enum cnas_dataset_form form)
{
    static const char *const name[] = {[CNAS_DATASET_IDX] = "MNIST's IDX files", [CNAS_DATASET_CIFAR10] = "CIFAR-10",
                                       [CNAS_DATASET_CIFAR100] = "CIFAR-100", [CNAS_DATASET_FOLDERS] = "image folders"};
    cn_require(form < CNAS_DATASET_FORMS);
    return name[form];
}

/* A name that only data sets of this form have; one is enough, so that the loader can say which other is missing. */
static const struct mark {
    const char *name;
    enum cnas_dataset_form form;
    int test; /* it belongs to this part */
} marks[] = {
    {"train-images-idx3-ubyte", CNAS_DATASET_IDX, 0}, {"train-images-idx3-ubyte.gz", CNAS_DATASET_IDX, 0},
    {"t10k-images-idx3-ubyte", CNAS_DATASET_IDX, 1},  {"t10k-images-idx3-ubyte.gz", CNAS_DATASET_IDX, 1},
    {"data_batch_1.bin", CNAS_DATASET_CIFAR10, 0},    {"test_batch.bin", CNAS_DATASET_CIFAR10, 1},
    {"train.bin", CNAS_DATASET_CIFAR100, 0},          {"test.bin", CNAS_DATASET_CIFAR100, 1},
};

static int is_folder(int fd, const char *name)
{
    struct stat st;
    return !fstatat(fd, name, &st, 0) && S_ISDIR(st.st_mode);
}

static enum cnas_status find_form(struct cnas_dataset_found *out, int fd, const char *label, struct cnas_error *err)
{
    struct stat st;
    *out = (struct cnas_dataset_found){.form = CNAS_DATASET_FORMS};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (fstatat(fd, marks[i].name, &st, 0))
            continue;
        if (out->form != CNAS_DATASET_FORMS && out->form != marks[i].form)
            return cn_error(err, CNAS_E_FORMAT, "%s: holds two data sets, %s and %s: give each a folder of its own", label,
                            cnas_dataset_form_name(out->form), cnas_dataset_form_name(marks[i].form));
        out->form = marks[i].form;
        *(marks[i].test ? &out->test : &out->train) = 1;
    }
    if (out->form != CNAS_DATASET_FORMS)
        return CNAS_OK;
    /* Last, because folders of these names may lie beside files that tell more. */
    out->train = is_folder(fd, "train");
    out->test = is_folder(fd, "test");
    if (out->train || out->test) {
        out->form = CNAS_DATASET_FOLDERS;
        return CNAS_OK;
    }
    if (!fstatat(fd, "data_batch_1", &st, 0) || !fstatat(fd, "meta", &st, 0))
        return cn_error(err, CNAS_E_FORMAT, "%s: CIFAR for Python; get the binary version, whose files end in .bin", label);
    return cn_error(err, CNAS_E_FORMAT,
                    "%s: no data set: neither train-images-idx3-ubyte[.gz] (MNIST), data_batch_1.bin, train.bin (CIFAR), nor train/CLASS/*.png",
                    label);
}

enum cnas_status cnas_dataset_find(struct cnas_dataset_found *out, const char *dir, struct cnas_error *err)
{
    *out = (struct cnas_dataset_found){.form = CNAS_DATASET_FORMS};
    const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return cn_error(err, CNAS_E_IO, "%s: cannot read this data folder: %s", cn_file_label(dir), strerror(errno));
    const enum cnas_status status = find_form(out, fd, cn_file_label(dir), err);
    close(fd);
    return status;
}

enum cnas_status cnas_dataset_load(struct cnas_dataset *out, const char *dir, const char *part, const struct cnas_dataset_options *o,
                                   struct cnas_error *err)
{
    struct cnas_dataset_found found;
    memset(out, 0, sizeof *out);
    cn_require(!strcmp(part, "train") || !strcmp(part, "test"));
    cn_require(!o->h == !o->w && o->h <= CN_DATASET_MAX_SIDE && o->w <= CN_DATASET_MAX_SIDE);
    CNAS_TRY(cnas_dataset_find(&found, dir, err));
    enum cnas_status status = found.form == CNAS_DATASET_IDX        ? cnas_dataset_load_idx(out, dir, part, err)
                              : found.form == CNAS_DATASET_CIFAR10  ? cn_cifar10_load(out, dir, part, err)
                              : found.form == CNAS_DATASET_CIFAR100 ? cn_cifar100_load(out, dir, part, err)
                                                                    : cn_folder_load(out, dir, part, o, err);
    if (!status && o->h && o->w)
        status = cnas_dataset_resize(out, o->h, o->w, err);
    if (status)
        cnas_dataset_clear(out);
    return status;
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
        return cn_error(err, CNAS_E_MISMATCH, "the images are %ux%ux%u, network `%s` takes %ux%ux%u%s", d->c, d->h, d->w,
                        m->name, m->c, m->h, m->w, d->c == m->c ? "; --resize resamples them" : "");
    if (d->classes > m->classes)
        return cn_error(err, CNAS_E_MISMATCH, "there is label %u, network `%s` has only %u classes", d->classes - 1, m->name,
                        m->classes);
    return CNAS_OK;
}
