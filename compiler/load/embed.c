/* The table of built-in modules; its entries are generated. */
#include "compiler/load/embed.h"

#include <string.h>

const struct embed_module embed_modules[] = {
#include "compiler/load/stdlib.inc"
};
const size_t embed_n_modules = sizeof embed_modules / sizeof *embed_modules;

const struct embed_module *embed_find(const char *name)
{
    for (size_t i = 0; i < embed_n_modules; i++)
        if (strcmp(embed_modules[i].name, name) == 0)
            return &embed_modules[i];
    return NULL;
}
