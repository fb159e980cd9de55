#include "compiler/base/diag_warnings.h"

#include "compiler/base/arena.h"
#include "compiler/base/nearest.h"

#include <string.h>

static const struct {
    enum diag_code code;
    const char *name, *group;
    bool on;
} warnings[] = {
#define WARNING(code, name, group, on) {code, name, group, on},
#include "compiler/base/diag_warnings.def"
#undef WARNING
};
enum { N = sizeof warnings / sizeof *warnings };

struct diag_warnings diag_warnings_default(void)
{
    struct diag_warnings w = {0};
    for (size_t i = 0; i < N; i++)
        w.off[warnings[i].code] = !warnings[i].on;
    return w;
}

void diag_warnings_none(struct diag_warnings *w)
{
    for (size_t i = 0; i < N; i++)
        w->off[warnings[i].code] = true;
}

static bool skip(const char **word, const char *prefix)
{
    size_t n = strlen(prefix);
    bool found = strncmp(*word, prefix, n) == 0;
    *word += found ? n : 0;
    return found;
}

bool diag_warnings_choose(struct diag_warnings *w, const char *word)
{
    bool no = skip(&word, "no-"), found = false;
    bool error = strcmp(word, "error") == 0, one_error = skip(&word, "error=");
    bool all = error || (!one_error && strcmp(word, "all") == 0);
    for (size_t i = 0; i < N; i++) {
        if (!all && strcmp(word, warnings[i].name) != 0 && strcmp(word, warnings[i].group) != 0)
            continue;
        found = true;
        if (error || one_error)
            w->as_error[warnings[i].code] = !no;
        if (!error && !(one_error && no)) /* -Werror=name also switches the warning on */
            w->off[warnings[i].code] = no;
    }
    return found && *word;
}

const char *diag_warning_name(enum diag_code code)
{
    for (size_t i = 0; i < N; i++)
        if (warnings[i].code == code)
            return warnings[i].name;
    bug("a warning without a name");
}

bool diag_warning_is(enum diag_code code, const char *word)
{
    for (size_t i = 0; i < N; i++)
        if (warnings[i].code == code)
            return *word && (strcmp(word, warnings[i].name) == 0 || strcmp(word, warnings[i].group) == 0);
    return false;
}

const char *diag_warnings_nearest(const char *word)
{
    struct nearest near = nearest_to(word);
    for (size_t i = 0; i < N; i++) {
        nearest_try(&near, warnings[i].name);
        if (*warnings[i].group)
            nearest_try(&near, warnings[i].group);
    }
    return near.best;
}
