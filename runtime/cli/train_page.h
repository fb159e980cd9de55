/* A training as an HTML page of its own: curves, results, recipe, machine, a table of epochs. It needs nothing else: no scripts, no fonts,
 * no requests; light or dark as the browser wants it, for phones and for paper. */
#ifndef RUNTIME_CLI_TRAIN_PAGE_H
#define RUNTIME_CLI_TRAIN_PAGE_H

#include <jansson.h>

/* lines: of a log, see train_log.h. Errors are told; the result is an exit status, -1 for success. */
int cn_train_page_write(const char *path, const json_t *lines);

/* Whether a page may be written there: nothing is there, nothing is in it, or a page. Else it is told, as above. */
int cn_train_page_may_write(const char *path);

#endif
