/* The options that choose passes and what is heard of them. */
#include "compiler/base/nearest.h"
#include "compiler/options_internal.h"
#include "compiler/pass/schedule.h"

#include <string.h>

bool options_unknown_pass(struct text *out, const char *word)
{
    struct nearest near = nearest_to(word);
    struct text all = text_new(out->arena);
    for (size_t i = 0; i < pass_count(); i++) {
        nearest_try(&near, pass_at(i)->name);
        text_add(&all, "%s%s", i ? ", " : "", pass_at(i)->name);
    }
    if (near.best)
        return WRONG(out, "there is no pass %s; did you mean %s?", word, near.best), false;
    return WRONG(out, "there is no pass %s; there are: %s", word, text_str(&all)), false;
}

/* -fcse, -fno-cse, -frelu-prune=skips */
bool options_set_pass(struct options *o, struct text *out, const char *value)
{
    struct arena *a = out->arena;
    bool off = strncmp(value, "no-", 3) == 0;
    const char *name = value + (off ? 3 : 0), *equals = strchr(name, '=');
    struct pass_switch w = {.on = !off, .args = equals ? equals + 1 : ""};
    name = equals ? arena_strndup(a, name, (size_t)(equals - name)) : name;
    w.pass = pass_find(name);
    if (!w.pass)
        return options_unknown_pass(out, name);
    if (off && equals)
        return WRONG(out, "-fno-%s takes no arguments", w.pass->name), false;
    if (off && w.pass->level == 0)
        return WRONG(out, "-fno-%s: what comes after relies on this pass", w.pass->name), false;
    struct pass_args args;
    const char *why = pass_args_wrong(a, w.pass, w.args, &args);
    if (why)
        return WRONG(out, "-f%s: %s", value, why), false;
    struct pass_switch *all = ARENA_ARRAY(a, struct pass_switch, o->passes.n_switches + 1);
    for (size_t i = 0; i < o->passes.n_switches; i++)
        all[i] = o->passes.switches[i];
    all[o->passes.n_switches++] = w;
    o->passes.switches = all;
    return true;
}

/* -Rpass, -Rpass-missed=cse,dce */
bool options_set_remarks(struct options *o, struct text *out, const char *value)
{
    struct arena *a = out->arena;
    size_t n = strcspn(value, "=");
    for (int kind = 0; kind < REMARK_KINDS; kind++) {
        if (strlen(remark_flags[kind]) != n || strncmp(remark_flags[kind], value, n) != 0)
            continue;
        if (!value[n]) {
            vec_push(a, &o->remarks[kind], "");
            return true;
        }
        for (const char *at = value + n + 1;; at++) {
            const char *name = arena_strndup(a, at, strcspn(at, ","));
            const struct pass_info *pass = pass_find(name);
            if (!pass)
                return options_unknown_pass(out, name);
            vec_push(a, &o->remarks[kind], pass->name);
            at += strlen(name);
            if (!*at)
                return true;
        }
    }
    return WRONG(out, "-R is pass, pass-missed or pass-analysis, each alone or with a pass, such as -Rpass=relu-shuffle; not %s", value), false;
}

/* text, json, json:FILE */
bool options_set_remarks_form(struct options *o, struct text *out, const char *value)
{
    const bool file = strncmp(value, "json:", 5) == 0 && value[5];
    if (!file && strcmp(value, "text") != 0 && strcmp(value, "json") != 0)
        return WRONG(out, "--remarks is text, json or json:FILE, not %s", value), false;
    o->remarks_json = *value == 'j';
    o->remarks_file = file ? value + 5 : NULL;
    return true;
}
