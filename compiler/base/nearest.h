/* "did you mean": the known word that is nearest to a misspelt one. */
#ifndef COMPILER_BASE_NEAREST_H
#define COMPILER_BASE_NEAREST_H

#include <stddef.h>

struct nearest {
    const char *word; /* what was written */
    const char *best; /* NULL while nothing is near enough */
    size_t distance;
};

struct nearest nearest_to(const char *word);
void nearest_try(struct nearest *n, const char *candidate); /* the first of equally near candidates stays */

#endif
