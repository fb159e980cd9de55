/* The codes of errors and warnings: stable names for what a message says in words, for `cnasc explain` and for tools. */
#ifndef COMPILER_BASE_DIAG_CODES_H
#define COMPILER_BASE_DIAG_CODES_H

#include <stddef.h>

enum diag_code {
#define DIAG_CODE(letter, number, name) letter##_##name,
#include "compiler/base/diag_codes.def"
#undef DIAG_CODE
    DIAG_N_CODES,
};

/* "E0301" or "W0001" */
const char *diag_code_text(enum diag_code c);

#endif
