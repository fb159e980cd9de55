/* From a path to the closed set of modules: parses the file, then every module that it imports, directly or not.
 *
 * Search for `import a.b;`: a/b.cnas beside the importing file, then under each search directory in order. Names that
 * start with `std.` are the standard library's: its text is part of the compiler, so the same compiler always means the
 * same modules; the copy that is installed is there to be read. */
#ifndef COMPILER_LOAD_LOAD_H
#define COMPILER_LOAD_LOAD_H

#include "compiler/ast/ast.h"
#include "compiler/base/diag.h"

struct load_options {
    const char *const *dirs; /* -I, in order; borrowed */
    size_t n_dirs;
};

/* path "-" reads standard input. Never NULL; the caller looks at diag_errors before going on.
 * A file that cannot be read is an error diagnostic too. Every source is registered with d. */
const struct ast_program *load_program(struct arena *a, struct diag *d, const char *path, const struct load_options *o);

/* The same from bytes in memory, for tests and tools; name is what messages call it.
 * n is at most SOURCE_MAX. */
const struct ast_program *load_text(struct arena *a, struct diag *d, const char *name, const char *bytes, size_t n,
                                    const struct load_options *o);

/* Parses the argument of -D, "name=value" where value is any constant expression; a command line is
 * shorter than SOURCE_MAX. False after an error diagnostic. */
bool load_define(struct arena *a, struct diag *d, const char *argument, struct ast_define *out);

#endif
