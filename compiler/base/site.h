/* A place in a source file that outlives parsing: nodes of the IR carry one. */
#ifndef COMPILER_BASE_SITE_H
#define COMPILER_BASE_SITE_H

struct site {
    const char *file;        /* as it shall be printed; NULL: no place known */
    int line, column;        /* from 1; 0: unknown */
    const struct site *from; /* where the surrounding block was instantiated, outwards; NULL at network level */
};

#endif
