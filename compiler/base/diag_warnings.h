/* Which warnings are wanted: -Wname, -Wno-name, -Wgroup, -Wall, -Werror, -Werror=name, -Wno-error, -w. */
#ifndef COMPILER_BASE_DIAG_WARNINGS_H
#define COMPILER_BASE_DIAG_WARNINGS_H

#include "compiler/base/diag_codes.h"

#include <stdbool.h>

struct diag_warnings {
    bool off[DIAG_N_CODES], as_error[DIAG_N_CODES];
};

struct diag_warnings diag_warnings_default(void);
/* word: what stands after -W. False: there is no such warning or group. The last word about a warning wins. */
bool diag_warnings_choose(struct diag_warnings *w, const char *word);
void diag_warnings_none(struct diag_warnings *w); /* -w */

const char *diag_warning_name(enum diag_code code); /* "unused-value" */
const char *diag_warnings_at(size_t i);              /* the i-th name, for suggestions and lists; NULL behind the last */

#endif
