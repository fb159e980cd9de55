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
bool diag_warning_is(enum diag_code code, const char *word); /* its name, or its group's; false for what is no warning */
const char *diag_warnings_nearest(const char *word); /* the name or group that may have been meant; NULL: none is near */

#endif
