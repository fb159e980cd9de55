/* Listing image folders. Names that begin with a dot are passed over, and so are files beside the class folders; any other file in
 * a class folder that is no image is an error, for a set that silently lacks images is a wrong set. */
#include "runtime/data/folder.h"

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/data/dataset.h"
#include "runtime/data/file.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

struct names {
    struct dirent **name;
    int n;
};

static int visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

/* Not alphasort: its order depends on the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void names_clear(struct names *l)
{
    for (int i = 0; i < l->n; i++)
        free(l->name[i]);
    free(l->name);
    *l = (struct names){NULL, 0};
}

static enum cnas_status names_read(struct names *out, const char *path, struct cnas_error *err)
{
    *out = (struct names){NULL, 0};
    const int n = scandir(path, &out->name, visible, by_name);
    if (n < 0)
        return cn_error(err, errno == ENOMEM ? CNAS_E_MEMORY : CNAS_E_IO, "%s: cannot read this folder: %s", cn_file_label(path),
                        strerror(errno));
    out->n = n;
    return CNAS_OK;
}

/* "a/b" in new memory. */
static enum cnas_status join(char **out, const char *a, const char *b, struct cnas_error *err)
{
    const size_t size = strlen(a) + strlen(b) + 2;
    if (!(*out = malloc(size)))
        return cn_error(err, CNAS_E_MEMORY, "no memory to list the data set");
    snprintf(*out, size, "%s/%s", a, b);
    return CNAS_OK;
}

/* The folders in DIR/PART. */
static enum cnas_status classes_read(struct names *out, const char *dir, const char *part, struct cnas_error *err)
{
    char *path = NULL, *one = NULL;
    struct stat st;
    int kept = 0;
    *out = (struct names){NULL, 0};
    enum cnas_status status = join(&path, dir, part, err);
    if (!status)
        status = names_read(out, path, err);
    for (int i = 0; i < out->n; i++) {
        const int folder = !status && !(status = join(&one, path, out->name[i]->d_name, err)) && !stat(one, &st) && S_ISDIR(st.st_mode);
        if (folder)
            out->name[kept++] = out->name[i];
        else
            free(out->name[i]);
        free(one);
        one = NULL;
    }
    out->n = kept;
    if (!status && !kept)
        status = cn_error(err, CNAS_E_FORMAT, "%s: no class folders with images in it", cn_file_label(path));
    free(path);
    if (status)
        names_clear(out);
    return status;
}

static int is_image_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && (!strcasecmp(dot, ".png") || !strcasecmp(dot, ".jpg") || !strcasecmp(dot, ".jpeg"));
}

/* Takes path over. */
static enum cnas_status add(struct cn_folder *f, crypto_generichash_state *state, char *path, const char *class, const char *name,
                            uint32_t label, struct cnas_error *err)
{
    struct stat st;
    unsigned char facts[28];
    enum cnas_status status = CNAS_OK;
    if (!is_image_name(name))
        status = cn_error(err, CNAS_E_FORMAT, "%s: a class folder holds .png, .jpg and .jpeg files only", cn_file_label(path));
    else if (stat(path, &st))
        status = cn_error(err, CNAS_E_IO, "%s: cannot read it: %s", cn_file_label(path), strerror(errno));
    else if (!S_ISREG(st.st_mode))
        status = cn_error(err, CNAS_E_IO, "%s: not a regular file", cn_file_label(path));
    else if (f->n == CN_DATASET_MAX_IMAGES)
        status = cn_error(err, CNAS_E_FORMAT, "%s: more than %d images", cn_file_label(path), CN_DATASET_MAX_IMAGES);
    if (!status && f->n == f->room) {
        const size_t room = f->room ? 2 * f->room : 1024;
        struct cn_folder_file *file = realloc(f->file, room * sizeof *file);
        if (file) {
            f->file = file;
            f->room = room;
        } else {
            status = cn_error(err, CNAS_E_MEMORY, "no memory to list the data set");
        }
    }
    if (status) {
        free(path);
        return status;
    }
    f->file[f->n++] = (struct cn_folder_file){path, label};
    cn_store64(facts, (uint64_t)st.st_size);
    cn_store64(facts + 8, (uint64_t)st.st_mtim.tv_sec);
    cn_store64(facts + 16, (uint64_t)st.st_mtim.tv_nsec);
    cn_store32(facts + 24, label);
    crypto_generichash_update(state, (const unsigned char *)class, strlen(class) + 1);
    crypto_generichash_update(state, (const unsigned char *)name, strlen(name) + 1);
    crypto_generichash_update(state, facts, sizeof facts);
    return CNAS_OK;
}

static enum cnas_status list_class(struct cn_folder *f, crypto_generichash_state *state, const char *dir, const char *part,
                                   const char *class, uint32_t label, struct cnas_error *err)
{
    char *folder = NULL, *path = NULL, *file;
    struct names l = {NULL, 0};
    enum cnas_status status = join(&folder, dir, part, err);
    if (!status)
        status = join(&path, folder, class, err);
    if (!status)
        status = names_read(&l, path, err);
    if (!status && !l.n)
        status = cn_error(err, CNAS_E_FORMAT, "%s: no image in this class folder", cn_file_label(path));
    for (int i = 0; i < l.n && !status; i++) {
        status = join(&file, path, l.name[i]->d_name, err);
        if (!status)
            status = add(f, state, file, class, l.name[i]->d_name, label, err);
    }
    names_clear(&l);
    free(path);
    free(folder);
    return status;
}

/* The names that labels count. */
static enum cnas_status labels_read(struct names *out, const char *dir, const char *part, struct cnas_error *err)
{
    char *train;
    struct stat st;
    CNAS_TRY(join(&train, dir, "train", err));
    const int there = !stat(train, &st);
    free(train);
    return classes_read(out, dir, there ? "train" : part, err);
}

enum cnas_status cn_folder_list(struct cn_folder *out, unsigned char key[32], const char *dir, const char *part, struct cnas_error *err)
{
    crypto_generichash_state state;
    struct names labels = {NULL, 0}, classes = {NULL, 0};
    *out = (struct cn_folder){NULL, 0, 0};
    crypto_generichash_init(&state, NULL, 0, 32);
    enum cnas_status status = labels_read(&labels, dir, part, err);
    if (!status)
        status = classes_read(&classes, dir, part, err);
    for (int i = 0, label = 0; i < classes.n && !status; i++) {
        const char *name = classes.name[i]->d_name;
        while (label < labels.n && strcmp(labels.name[label]->d_name, name))
            label++; /* both are sorted */
        if (label == labels.n)
            status = cn_error(err, CNAS_E_FORMAT, "%s/%s/%.64s: train has no class of this name", cn_file_label(dir), part, name);
        else
            status = list_class(out, &state, dir, part, name, (uint32_t)label, err);
    }
    names_clear(&labels);
    names_clear(&classes);
    crypto_generichash_final(&state, key, 32);
    if (status)
        cn_folder_clear(out);
    return status;
}

enum cnas_status cn_folder_names(struct cnas_class_names *out, const char *dir, struct cnas_error *err)
{
    struct names l = {NULL, 0};
    *out = (struct cnas_class_names){NULL, 0};
    enum cnas_status status = labels_read(&l, dir, "test", err);
    if (!status && !(out->name = calloc((size_t)l.n, sizeof *out->name)))
        status = cn_error(err, CNAS_E_MEMORY, "no memory to list the data set");
    for (int i = 0; i < l.n && !status; i++)
        if (!(out->name[out->n++] = strdup(l.name[i]->d_name)))
            status = cn_error(err, CNAS_E_MEMORY, "no memory to list the data set");
    names_clear(&l);
    return status;
}

void cn_folder_clear(struct cn_folder *f)
{
    for (size_t i = 0; i < f->n; i++)
        free(f->file[i].path);
    free(f->file);
    *f = (struct cn_folder){NULL, 0, 0};
}
