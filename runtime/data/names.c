/* Names of classes. */
#include <cnas/data.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/error.h"
#include "runtime/data/file.h"
#include "runtime/data/folder.h"

enum { MAX_NAMES = 256, MAX_NAME = 128 };

/* One name a line, as CIFAR's text files have them. No such file: no names. */
static enum cnas_status read_lines(struct cnas_class_names *out, const char *dir, const char *file_name, struct cnas_error *err)
{
    char line[MAX_NAME + 2];
    const size_t size = strlen(dir) + strlen(file_name) + 2;
    char *path = malloc(size);
    enum cnas_status status;
    uint64_t bytes;
    FILE *f = NULL;
    int fd;
    if (!path || !(out->name = calloc(MAX_NAMES, sizeof *out->name))) {
        free(path);
        return cn_error(err, CNAS_E_MEMORY, "no memory for names of classes");
    }
    snprintf(path, size, "%s/%s", dir, file_name);
    status = cn_file_open(&fd, &bytes, path, err);
    if (status && errno == ENOENT)
        status = CNAS_OK;
    else if (!status && !(f = fdopen(fd, "r"))) {
        close(fd);
        status = cn_error(err, CNAS_E_MEMORY, "no memory for names of classes");
    }
    while (f && !status && fgets(line, sizeof line, f)) {
        const size_t length = strcspn(line, "\r\n");
        if (!length)
            continue; /* batches.meta.txt ends with empty lines */
        if (!line[length] && !feof(f))
            status = cn_error(err, CNAS_E_FORMAT, "%s: a name has more than %d bytes", cn_file_label(path), MAX_NAME);
        else if (out->n == MAX_NAMES)
            status = cn_error(err, CNAS_E_FORMAT, "%s: more than %d names", cn_file_label(path), MAX_NAMES);
        else if (!(out->name[out->n] = strndup(line, length)))
            status = cn_error(err, CNAS_E_MEMORY, "no memory for names of classes");
        else
            out->n++;
    }
    if (f && !status && ferror(f))
        status = cn_error(err, CNAS_E_IO, "%s: cannot read it: %s", cn_file_label(path), strerror(errno));
    if (f)
        fclose(f);
    free(path);
    return status;
}

enum cnas_status cnas_class_names_load(struct cnas_class_names *out, const char *dir, struct cnas_error *err)
{
    struct cnas_dataset_found found;
    *out = (struct cnas_class_names){NULL, 0};
    CNAS_TRY(cnas_dataset_find(&found, dir, err));
    enum cnas_status status = found.form == CNAS_DATASET_FOLDERS    ? cn_folder_names(out, dir, err)
                              : found.form == CNAS_DATASET_CIFAR10  ? read_lines(out, dir, "batches.meta.txt", err)
                              : found.form == CNAS_DATASET_CIFAR100 ? read_lines(out, dir, "fine_label_names.txt", err)
                                                                    : CNAS_OK;
    if (status)
        cnas_class_names_clear(out);
    return status;
}

void cnas_class_names_clear(struct cnas_class_names *names)
{
    for (uint32_t i = 0; i < names->n; i++)
        free(names->name[i]);
    free(names->name);
    *names = (struct cnas_class_names){NULL, 0};
}
