#include "compiler/pass/args.h"

#include "compiler/base/vec.h"

#include <stdlib.h>

static const char *const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

bool pass_args_read(struct arena *a, const char *text, struct pass_args *args, const char **why)
{
    VEC(struct pass_arg) found = {0};
    *args = (struct pass_args){0};
    for (const char *at = text; *text; at++) {
        struct pass_arg arg = {0};
        size_t n = strspn(at, letters);
        arg.word = arena_strndup(a, at, n);
        at += n;
        if (n > 0 && *at == '=') {
            size_t m = strspn(at + 1, letters);
            arg.value = arena_strndup(a, at + 1, m);
            at += 1 + m;
            n = m;
        }
        if (n == 0 || (*at && *at != ',')) {
            *why = arena_printf(a, "`%s` is no list of arguments such as skips,cull=2", text);
            return false;
        }
        vec_push(a, &found, arg);
        if (!*at)
            break;
    }
    *args = (struct pass_args){found.at, found.n};
    return true;
}

bool pass_args_have(const struct pass_args *args, const char *word)
{
    for (size_t i = 0; i < args->n; i++)
        if (strcmp(args->at[i].word, word) == 0)
            return true;
    return false;
}

bool pass_arg_count(const struct pass_arg *arg, int64_t *value)
{
    if (!arg->value || !*arg->value || strlen(arg->value) > 10 || strspn(arg->value, "0123456789") != strlen(arg->value))
        return false;
    *value = strtoll(arg->value, NULL, 10);
    return *value <= INT32_MAX;
}
