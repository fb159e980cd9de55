/* What the drivers share: names of files, data sets, the machine, counting right answers. */
#ifndef RUNTIME_CLI_COMMON_H
#define RUNTIME_CLI_COMMON_H

#include <cnas/fixed.h>
#include <cnas/train.h>

enum { CN_PATH = 512 };

/* "NETWORK<suffix>" in the current directory, lower case: the default name of a network's file. */
const char *cn_default_path(char out[CN_PATH], const struct cnas_model *m, const char *suffix);
/* Where Debian's dataset-fashion-mnist puts its files, if it is installed; else NULL. */
const char *cn_default_data(void);
extern const char cn_data_help[], cn_resize_help[]; /* of --data, --resize */
int cn_no_data(void);             /* tells what to do when there is none; exit status 1 */

/* cnas_dataset_load with warnings on stderr, and progress there too where images are decoded. */
CNAS_CHECKED enum cnas_status cn_read_set(struct cnas_dataset *d, const char *dir, const char *part, uint32_t channels, uint32_t h,
                                          uint32_t w, struct cnas_error *err);
/* The same with the network's channels, and if resize its size. */
CNAS_CHECKED enum cnas_status cn_read_data(struct cnas_dataset *d, const char *dir, const char *part, const struct cnas_model *m,
                                           int resize, struct cnas_error *err);
/* The part ("train" or "test") of the data set in dir (NULL: none was given or found), checked against the network: a warning names
 * the classes without a training image. Errors are told on stderr; the result is an exit status, -1 for success. */
int cn_load_data(struct cnas_dataset *d, const char *dir, const char *part, const struct cnas_model *m, int resize);
/* Parameters in new memory for free(); the same results. */
int cn_load_params(float **params, const struct cnas_model *m, const char *path);
int cn_load_fixed(struct cnas_fixed **q, const struct cnas_model *m, const char *path);

/* The value of --engine; NULL: not given. -1 to go on, else an exit status. */
int cn_parse_engine(enum cnas_engine *engine, const char *name);

/* One line on stdout about OpenBLAS and threads, and a warning on stderr where an inherited setting makes it slow. */
void cn_print_machine(const struct cnas_ctx *ctx);

size_t cn_best_float(const float *logits, size_t n); /* index of the largest, first on a tie */
size_t cn_best_int(const int64_t *logits, size_t n);

/* Right answers over a whole data set, of floats and of q; what is NULL is not counted. agree: equal answers of both. */
struct cn_score {
    size_t n, float_right, fixed_right, agree;
    char engine[256]; /* which gave the answers of floats */
};
struct cn_float { /* the network in floats: the trained one, or the one that serves for it */
    const struct cnas_model *model;
    const float *params; /* NULL: it is not wanted */
    enum cnas_engine engine;
};
/* Errors are told on stderr; the result is an exit status, -1 for success. */
int cn_score_data(struct cn_score *s, struct cnas_ctx *ctx, const struct cnas_model *m, struct cn_float floats, const struct cnas_fixed *q,
                  const struct cnas_dataset *d);

#endif
