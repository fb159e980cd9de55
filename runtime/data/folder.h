/* The image files of one part of a set: DIR/PART/CLASS/NAME.{png,jpg,jpeg}. */
#ifndef RUNTIME_DATA_FOLDER_H
#define RUNTIME_DATA_FOLDER_H

#include <cnas/data.h>

struct cn_folder_file {
    char *path;
    uint32_t label;
};

struct cn_folder {
    struct cn_folder_file *file; /* by class, then by name */
    size_t n, room;
};

/* Labels count the class folders of DIR/train in the order of their names, byte by byte (those of PART where there is no train).
 * key: a digest of every file's name, label, size and time of change. */
CNAS_CHECKED enum cnas_status cn_folder_list(struct cn_folder *out, unsigned char key[32], const char *dir, const char *part,
                                             struct cnas_error *err);
void cn_folder_clear(struct cn_folder *f);
/* The names of the class folders, by label. */
CNAS_CHECKED enum cnas_status cn_folder_names(struct cnas_class_names *out, const char *dir, struct cnas_error *err);

#endif
