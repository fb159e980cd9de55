/* What the compiler has to say about the user's files: collected while it works, printed at the end.
 *
 * Reporting never stops the caller. A second error at the very same place is dropped (loops and blocks instantiated
 * many times would repeat it); past the limit errors are only counted, so hostile input cannot fill memory. */
#ifndef COMPILER_BASE_DIAG_H
#define COMPILER_BASE_DIAG_H

#include "compiler/base/diag_codes.h"
#include "compiler/base/diag_warnings.h"
#include "compiler/base/source.h"

#include <stdbool.h>
#include <stdio.h>

struct diag;

#define DIAG_MAX_ERRORS 20 /* errors kept unless diag_limit says otherwise; as many warnings are kept apart */

struct diag *diag_new(struct arena *a);
void diag_limit(struct diag *d, size_t max_errors); /* 0: no limit */
/* A warning that is off is dropped with its notes; one that is wanted as an error is an error in every respect. */
void diag_choose_warnings(struct diag *d, const struct diag_warnings *w);

/* code: a row of diag_codes.def that begins with E for an error and with W for a warning. */
void diag_error(struct diag *d, struct span at, enum diag_code code, const char *format, ...) __attribute__((format(printf, 4, 5)));
void diag_warning(struct diag *d, struct span at, enum diag_code code, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Belongs to the error or warning reported last; dropped with it. */
void diag_note(struct diag *d, struct span at, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool diag_takes_notes(const struct diag *d); /* false: notes would be dropped, so there is no need to look for what they would say */

/* For stages that know nodes of the IR and no syntax. The instantiation stack site->from is added as notes.
 * The line and caret are shown if the file was registered by diag_source. */
void diag_error_at(struct diag *d, const struct site *at, enum diag_code code, const char *format, ...) __attribute__((format(printf, 4, 5)));
void diag_warning_at(struct diag *d, const struct site *at, enum diag_code code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void diag_note_at(struct diag *d, const struct site *at, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* What a pass says, neither wrong nor suspicious: shown as a remark, with the option that asked for it, such as "-Rpass=cse". */
void diag_remark_at(struct diag *d, const struct site *at, const char *flag, const char *text);
void diag_note_stack(struct diag *d, const struct site *from, const char *block); /* one note per block, innermost first */

void diag_source(struct diag *d, const struct source *s); /* done by the loader for each file */

/* Counts include what was not kept, but not what was dropped as said twice. */
size_t diag_errors(const struct diag *d);
size_t diag_warnings(const struct diag *d);

/* Everything in the order of reporting, then one line of totals if something was left out. */
void diag_print(const struct diag *d, FILE *out, bool colour);

/* The same for tools, one JSON object in a line:
 *   {"diagnostics": [{"kind": "error" | "warning" | "note" | "remark", "code": "E0301", null for a note, the option for a remark, "message": "...",
 *                     "file": "net.cnas" or null, "line": 3, "column": 9, "end_line": 3, "end_column": 18, "block": null or "core"}, ...], "errors": 1, "warnings": 0}
 * A note belongs to the error or warning before it. Columns count bytes from 1; the end is the first byte behind; both are 0 where
 * nothing is known. The counts include what was not kept. */
struct text;
void diag_print_json(const struct diag *d, struct text *t);

#endif
