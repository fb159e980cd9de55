/* Knowledge distillation: a network, the student, learns from the answers of a trained one, its teacher, beside the labels (Hinton, Vinyals
 * & Dean 2015, arXiv 1503.02531).
 *
 * The teacher answers once, for several augmented views of every training image, and the answers are kept in a file (Shen & Xing,
 * "A Fast Knowledge Distillation Framework for Visual Recognition", ECCV 2022): the two are programs of their own and need not run at the
 * same time. The student sees the very views that the teacher has seen, one after the other, in epoch e = 0, 1, ... the view e mod views:
 * teachers are worth most when they are consistent and the training is long (Beyer et al., "Knowledge Distillation: a Good Teacher is
 * Patient and Consistent", CVPR 2022). docs/training.md describes the file. */
#ifndef CNAS_DISTILL_H
#define CNAS_DISTILL_H

#include <cnas/data.h>
#include <cnas/model.h>

/* Answers of a teacher, or of several: logits for each view of each training image. Not changed but by _add: any number of threads may read it. */
struct cnas_soft_labels;
enum { CNAS_VIEWS_MAX = 10000 };

/* The file at path, which must have been made for the images and labels of `train`, in their order, and as many classes: else
 * CNAS_E_MISMATCH. CNAS_E_FORMAT: it is no such file, or holds numbers that are not finite. Two bytes of memory for each number. */
CNAS_CHECKED enum cnas_status cnas_soft_labels_load(struct cnas_soft_labels **out, const char *path, const struct cnas_dataset *train,
                                                    uint32_t classes, struct cnas_error *err);
/* The answers of one more teacher, up to CNAS_TEACHERS_MAX, to the same views of the same images: else CNAS_E_MISMATCH
 * (and CNAS_E_FORMAT for numbers around 1e30 and beyond). CNAS_E_RANGE: there are as many already. Memory as for the first. The strings below change. The student learns
 * from the mean of all, image by image: each one's logits, about their own mean, are first scaled so that all teachers have the same standard
 * deviation over all their answers, the mean of theirs. The mean of logits is the geometric mean of what they answer (Hinton, Vinyals & Dean,
 * section 1); scaled, because a teacher that was trained to be less sure would else count less (Sun et al., "Logit Standardization
 * in Knowledge Distillation", CVPR 2024, who scale every answer by itself). The views that all of them have count. Not while another thread reads s, which
 * stays as it is where this fails. */
enum { CNAS_TEACHERS_MAX = 16 };
CNAS_CHECKED enum cnas_status cnas_soft_labels_add(struct cnas_soft_labels *s, const char *path, const struct cnas_dataset *train,
                                                   struct cnas_error *err);
void cnas_soft_labels_free(struct cnas_soft_labels **s); /* NULL *s is fine */
uint32_t cnas_soft_labels_views(const struct cnas_soft_labels *s);
/* These belong to s. */
const char *cnas_soft_labels_teacher(const struct cnas_soft_labels *s); /* its name: 1 to 256 printable ASCII characters; "A + B" of several */
const char *cnas_soft_labels_digest(const struct cnas_soft_labels *s);  /* 64 hex digits: whose answers, for what, and the answers */
/* The augmentation of the views becomes o's: flip, padding, crop, cutout and cutmix. Random choices among them are the file's, whatever o->seed. */
void cnas_soft_labels_augment(const struct cnas_soft_labels *s, struct cnas_train_options *o);

struct cnas_soft_labels_progress {
    uint32_t view, views; /* the one under way, counted from 0; all */
    size_t done, total;   /* images of this view */
    const char *engine;   /* who answers, for people */
};
/* Called when the file can be made or gone on with, before the first batch, and after every batch. Non-zero: stop. */
typedef int cnas_soft_labels_callback(void *user, const struct cnas_soft_labels_progress *p);

/* Writes the answers of a trained network (its params, not changed) for `views` views of each image of `train`, which are augmented as o
 * says, with o->seed; o->batch images at a time, by o->engine in o->precision. Two bytes of memory for each number.
 * A file that is there already is gone on with if it is of this teacher, these images and this augmentation, and left alone if it has as
 * many views or more; any other is CNAS_E_MISMATCH or CNAS_E_FORMAT and stays. Views that are whole are written once a minute, or less
 * often where writing takes long, and at the end, also when callback stops it; always the whole file, which is replaced at once.
 * *written: views that the file has at the end, also after a failure (0: it was not written). callback may be NULL.
 * CNAS_E_BUSY: another call is writing this file, in this process or another one. CNAS_E_DIVERGED: parameters or answers are not finite. */
CNAS_CHECKED enum cnas_status cnas_soft_labels_write(uint32_t *written, const char *path, struct cnas_ctx *ctx, const struct cnas_model *m,
                                                     const float *params, const struct cnas_dataset *train,
                                                     const struct cnas_train_options *o, uint32_t views,
                                                     cnas_soft_labels_callback *callback, void *user, struct cnas_error *err);

#endif
