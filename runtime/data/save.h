/* Writing data sets, one function for each form; cnas_dataset_save chooses and has checked that the labels are below d->classes. */
#ifndef RUNTIME_DATA_SAVE_H
#define RUNTIME_DATA_SAVE_H

#include <cnas/data.h>

struct cn_save {
    const struct cnas_dataset *d;
    const struct cnas_class_names *names; /* with n = 0 where there are none */
    const char *dir, *part;
    cnas_dataset_progress *progress;
    void *user;
};

CNAS_CHECKED enum cnas_status cn_folder_save(const struct cn_save *s, struct cnas_error *err);

#endif
