/* Whether two names are those of one file, now or once it is written. */
#ifndef RUNTIME_CLI_SAME_FILE_H
#define RUNTIME_CLI_SAME_FILE_H

int cn_same_file(const char *a, const char *b);

#endif
