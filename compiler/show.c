#include "compiler/show.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool use_colour(enum colour wish)
{
    const char *none = getenv("NO_COLOR"), *term = getenv("TERM");
    if (wish == COLOUR_AUTO)
        return isatty(STDERR_FILENO) && !(none && *none) && !(term && strcmp(term, "dumb") == 0);
    return wish == COLOUR_ALWAYS;
}

int show_diagnostics(struct arena *a, struct diag *d, const char *failure, const struct options *o)
{
    int status = failure ? 2 : diag_errors(d) > 0;
    if (o->json) {
        struct text t = text_new(a);
        if (failure)
            diag_error(d, (struct span){0}, E_IO, "%s", failure);
        diag_print_json(d, &t);
        fwrite(t.bytes, 1, t.n, stderr);
        return status;
    }
    diag_print(d, stderr, use_colour(o->colour));
    if (failure)
        fprintf(stderr, "cnasc: %s\n", failure);
    return status;
}
