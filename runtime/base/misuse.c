/* The one place where the library writes to stderr: just before it aborts. */
#include "runtime/base/misuse.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void cn_misuse_at(const char *file, int line, const char *why)
{
    fprintf(stderr, "libcnas: misuse at %s:%d: %s\n", file, line, why);
    abort();
}
