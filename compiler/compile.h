/* The whole pipeline: what each command does, from its input to its output. */
#ifndef COMPILER_COMPILE_H
#define COMPILER_COMPILE_H

#include "compiler/options.h"

enum compile_status {
    COMPILE_DONE = 0,
    COMPILE_INPUT_WRONG = 1, /* the user's file; diagnostics were printed */
    COMPILE_FAILED = 2,      /* the world: something could not be read or written; a sentence was printed */
};

enum compile_status compile_run(struct arena *a, const struct options *o);

#endif
