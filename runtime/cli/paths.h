/* Names of files. */
#ifndef RUNTIME_CLI_PATHS_H
#define RUNTIME_CLI_PATHS_H

#include <stddef.h>

/* The folder that path is in, or will be: "." or what stands before the last slash, and the slash. NULL: it is longer than size. */
const char *cn_folder(char *out, size_t size, const char *path);

/* 1 if both names are, or will be, the same file: equal, or equal but for links. */
int cn_same_file(const char *a, const char *b);

#endif
