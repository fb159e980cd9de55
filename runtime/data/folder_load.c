/* Image folders in memory: from the pack of an earlier call, or decoded and packed. */
#include "runtime/data/dataset.h"

#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/data/file.h"
#include "runtime/data/folder.h"
#include "runtime/data/image.h"
#include "runtime/data/pack.h"

#include <stdio.h>
#include <stdlib.h>

/* The set's size: what is asked for, else that of the first image. */
static enum cnas_status settle(struct cnas_dataset *d, const struct cn_folder *f, const struct cnas_dataset_options *o,
                               struct cnas_error *err)
{
    const char *first = f->file[0].path;
    d->c = o->channels;
    d->h = o->h;
    d->w = o->w;
    if (!d->h)
        CNAS_TRY(cn_image_size(&d->h, &d->w, first, err));
    const uint64_t image = (uint64_t)d->c * d->h * d->w;
    if (f->n > CN_DATASET_MAX_BYTES / image)
        return cn_error(err, CNAS_E_FORMAT, "%s: %zu images of %ux%ux%u are more than this program takes", cn_file_label(first), f->n, d->c,
                        d->h, d->w);
    d->pixels = cn_mem_alloc(f->n, image);
    d->labels = cn_mem_alloc(f->n, sizeof *d->labels);
    return d->pixels && d->labels ? CNAS_OK : cn_error(err, CNAS_E_MEMORY, "%s: no memory for %zu images", cn_file_label(first), f->n);
}

static enum cnas_status decode(struct cnas_dataset *d, const struct cn_folder *f, const struct cnas_dataset_options *o,
                               struct cnas_error *err)
{
    CNAS_TRY(settle(d, f, o, err));
    for (size_t i = 0; i < f->n; i++) {
        const struct cn_folder_file *file = &f->file[i];
        enum cnas_status status = cnas_image_load(d->pixels + i * d->c * d->h * d->w, d->c, d->h, d->w, o->h != 0, file->path, err);
        uint32_t h, w;
        if (status == CNAS_E_MISMATCH && !cn_image_size(&h, &w, file->path, NULL)) /* a set is asked for, not one network's image */
            return cn_error(err, status,
                            "%s: the image is %u pixels wide and %u high, the first one of the set %u x %u; --resize resamples them",
                            cn_file_label(file->path), w, h, d->w, d->h);
        if (status)
            return status;
        d->labels[d->n++] = file->label;
        if (file->label >= d->classes)
            d->classes = file->label + 1;
        if (o->progress)
            o->progress(o->user, d->n, f->n);
    }
    return CNAS_OK;
}

/* A cache that cannot be written costs time at the next load, nothing else. */
static void keep(const struct cnas_dataset *d, const char *pack, const unsigned char key[CN_PACK_KEY], const struct cnas_dataset_options *o)
{
    struct cnas_error err;
    char text[sizeof err.text + 64];
    if (!pack)
        snprintf(text, sizeof text, "the decoded images are not kept: no cache folder, neither XDG_CACHE_HOME nor HOME is set");
    else if (cn_pack_save(d, pack, key, &err))
        snprintf(text, sizeof text, "the decoded images are not kept: %s", err.text);
    else
        return;
    if (o->warning)
        o->warning(o->user, text);
}

enum cnas_status cn_folder_load(struct cnas_dataset *out, const char *dir, const char *part, const struct cnas_dataset_options *o,
                                struct cnas_error *err)
{
    struct cn_folder f;
    unsigned char key[CN_PACK_KEY];
    *out = (struct cnas_dataset){0};
    if (o->channels != 1 && o->channels != 3)
        return cn_error(err, CNAS_E_RANGE, "this network takes %u channels; image files give 1 or 3", o->channels);
    CNAS_TRY(cn_folder_list(&f, key, dir, part, err));
    enum cnas_status status = CNAS_OK;
    char *pack = cn_pack_path(dir, part, o);
    if (!pack || !cn_pack_load(out, pack, f.n, key)) {
        status = decode(out, &f, o, err);
        if (!status)
            keep(out, pack, key, o);
    }
    if (status)
        cnas_dataset_clear(out);
    free(pack);
    cn_folder_clear(&f);
    return status;
}
