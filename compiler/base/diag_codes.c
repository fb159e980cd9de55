#include "compiler/base/diag_codes.h"

const char *diag_code_text(enum diag_code c)
{
    static const char *const texts[DIAG_N_CODES] = {
#define DIAG_CODE(letter, number, name) #letter #number,
#include "compiler/base/diag_codes.def"
#undef DIAG_CODE
    };
    return texts[c];
}
