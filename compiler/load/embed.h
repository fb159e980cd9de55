/* The standard library's text, put into the compiler when it was built (embed.sh writes stdlib.inc from the files of stdlib/). */
#ifndef COMPILER_LOAD_EMBED_H
#define COMPILER_LOAD_EMBED_H

#include <stddef.h>

struct embed_module {
    const char *name; /* "cnet", for import std.cnet */
    const char *text;
};

extern const struct embed_module embed_modules[];
extern const size_t embed_n_modules;

const struct embed_module *embed_find(const char *name); /* NULL: there is none */

#endif
