/* A place in a source file that outlives parsing: nodes of the IR carry one. */
#ifndef COMPILER_BASE_SITE_H
#define COMPILER_BASE_SITE_H

struct site {
    const char *file;        /* as it shall be printed; NULL: no place known */
    int line, column;        /* from 1, the column in bytes; 0: unknown */
    const struct site *from; /* where the surrounding block was instantiated, outwards; NULL at network level */
    const char *block;       /* the name of that block; NULL at network level */
};

#endif
