/* The command-line programs of a generated network (libcnascli): argument parsing, progress, printing, exit status.
 * Products that embed a network use libcnas alone. Each returns the exit status: 0 done, 1 the user's input or data was
 * wrong or the world failed, 2 wrong usage; training also 3, the numbers diverged, 4, the time budget is spent and the state saved,
 * and 130 or 143, interrupted by SIGINT or SIGTERM and the state saved. */
#ifndef CNAS_CLI_H
#define CNAS_CLI_H

#include <cnas/private.h>
#include <cnas/train.h>

int cnas_train_main(int argc, char **argv, const struct cnas_model *m);
int cnas_infer_main(int argc, char **argv, const struct cnas_model *m);

/* The generated session functions: one inference's offline and online phases, layer by layer. */
int cnas_server_main(int argc, char **argv, const struct cnas_model *m,
                     enum cnas_status (*offline)(struct cnas_server_session *s),
                     enum cnas_status (*online)(struct cnas_server_session *s));
int cnas_client_main(int argc, char **argv, const struct cnas_model *m, enum cnas_status (*offline)(struct cnas_client *c),
                     enum cnas_status (*online)(struct cnas_client *c, const float *image, int64_t *logits));

#endif
