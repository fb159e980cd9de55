/* A folder of the test's own below /tmp, files in it, and errors that must say something. */
#ifndef TESTS_SUPPORT_FOLDER_H
#define TESTS_SUPPORT_FOLDER_H

#include <stddef.h>

#include <cnas/status.h>

extern char dir[]; /* its path */

void folder_make(void);
void folder_remove(void);       /* with all that is in it */
void folder_remove_empty(void); /* fails where something was left in it */

const char *in_dir(const char *name); /* until the next call */
void put(const char *name, const void *bytes, size_t n);
size_t get(const char *path, unsigned char *out, size_t room); /* as much of a file as there is room for */

/* For the call under test; it must have failed with this status, and its one line must hold these words. */
extern struct cnas_error err;
void fails(enum cnas_status status, enum cnas_status expected, const char *words);

#endif
