/* cnas-data: what its commands share. Each command is a main of its own; its result is the exit status. */
#ifndef RUNTIME_CLI_DATA_TOOL_H
#define RUNTIME_CLI_DATA_TOOL_H

#include <cnas/data.h>

struct cn_data_wish { /* options that say how a data set is read */
    uint64_t channels;
    const char *resize; /* "HxW"; NULL: not */
};
#define CN_DATA_CHANNELS(w) {"channels", CN_ARG_UINT, &(w).channels, "N", "of image files: 3, or 1 for grey (default 3)", 1, 3}
#define CN_DATA_RESIZE(w) {"resize", CN_ARG_STRING, &(w).resize, "HxW", "resample every image to this height and width", 0, 0}

enum { CN_TRAIN, CN_TEST };
extern const char *const cn_part_name[2];

struct cn_data_set {
    struct cnas_dataset_found found;
    struct cnas_class_names names;
    struct cnas_dataset part[2]; /* empty where the set has no such part */
    uint32_t classes;            /* of labels and of names */
};

/* Reads the parts that are there; only: CN_TRAIN or CN_TEST alone, which must be there, or -1. -1, or after a message the exit status;
 * close is right after both. */
int cn_data_open(struct cn_data_set *s, const char *dir, const struct cn_data_wish *w, int only);
void cn_data_close(struct cn_data_set *s);
const char *cn_class_name(const struct cn_data_set *s, uint32_t label); /* "" where it has none */

int cn_data_info(int argc, char **argv);
int cn_data_convert(int argc, char **argv);
int cn_data_split(int argc, char **argv);
int cn_data_show(int argc, char **argv);

#endif
