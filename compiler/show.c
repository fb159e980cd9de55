#include "compiler/show.h"

#include "compiler/base/file.h"
#include "compiler/report/remarks.h"

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

static bool is_wanted(const struct strings *passes, const char *name)
{
    for (size_t i = 0; i < passes->n; i++)
        if (!*passes->at[i] || strcmp(passes->at[i], name) == 0)
            return true;
    return false;
}

/* A remark that nobody chose is shown to programs, unless something was chosen. */
static bool is_shown(const struct options *o, const struct pass_info *pass, const struct remark *r)
{
    bool all = o->remarks_json;
    for (int kind = 0; kind < REMARK_KINDS; kind++)
        all &= o->remarks[kind].n == 0;
    return all || is_wanted(&o->remarks[r->kind], pass->name);
}

bool show_remarks(struct arena *a, struct diag *d, const char *network, const struct pass_trace *passes, const struct options *o,
                  const char **failure)
{
    struct text json = text_new(a);
    for (size_t i = 0; i < passes->n; i++) {
        const struct pass_step *step = &passes->steps[i];
        for (size_t k = 0; k < step->n_remarks; k++) {
            const struct remark *r = &step->remarks[k];
            if (!is_shown(o, step->pass, r))
                continue;
            if (o->remarks_json)
                remarks_json(&json, network, step->pass, r);
            else
                diag_remark_at(d, &r->site, arena_printf(a, "-R%s=%s", remark_flags[r->kind], step->pass->name), r->text);
        }
    }
    if (!o->remarks_file) {
        fwrite(text_str(&json), 1, json.n, stderr);
        return true;
    }
    struct file_set set = file_set_new(a);
    file_set_add(&set, o->remarks_file, text_str(&json), json.n);
    return file_set_commit(&set, failure);
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
