/* The arguments of relu-prune, as far as they can be judged without a graph. */
#include "compiler/base/nearest.h"
#include "compiler/pass/pass.h"

#include <string.h>

enum value { NO_VALUE, STAGE, STAGE_OR_NONE, NAME };

static const struct {
    const char *word;
    enum value value;
} words[] = {{"marked", NO_VALUE}, {"skips", NO_VALUE}, {"cull", STAGE}, {"thin", STAGE_OR_NONE}, {"keep", NAME}, {"drop", NAME}};
enum { N_WORDS = sizeof words / sizeof *words };

static const char *unknown(struct arena *a, const char *word)
{
    struct nearest near = nearest_to(word);
    for (size_t i = 0; i < N_WORDS; i++)
        nearest_try(&near, words[i].word);
    if (near.best)
        return arena_printf(a, "relu-prune has no argument `%s`; did you mean `%s`?", word, near.best);
    return arena_printf(a, "relu-prune takes marked, skips, cull=STAGE, thin, thin=STAGE, keep=NAME and drop=NAME, not `%s`", word);
}

/* A number from 1 on, or a name as in prune.h. Whether there is such a stage is for the graph to say. */
static bool is_stage(const struct pass_arg *arg)
{
    int64_t number;
    size_t h = strspn(arg->value, "0123456789"), w = arg->value[h] == 'x' ? strspn(arg->value + h + 1, "0123456789") : 0;
    if (pass_arg_count(arg, &number))
        return number > 0;
    return strcmp(arg->value, "vectors") == 0 || (h > 0 && w > 0 && !arg->value[h + 1 + w]);
}

static const char *wrong(struct arena *a, const struct pass_arg *arg)
{
    size_t i = 0;
    while (i < N_WORDS && strcmp(words[i].word, arg->word) != 0)
        i++;
    if (i == N_WORDS)
        return unknown(a, arg->word);
    if (words[i].value == NO_VALUE && arg->value)
        return arena_printf(a, "`%s` takes no value, not `%s`", arg->word, arg->value);
    if (words[i].value == NAME && !arg->value)
        return arena_printf(a, "`%s` needs the name of a ReLU, as in %s=NAME", arg->word, arg->word);
    if (words[i].value == STAGE && !arg->value)
        return arena_printf(a, "`%s` needs a stage, as in %s=1", arg->word, arg->word);
    if (words[i].value != NAME && arg->value && !is_stage(arg))
        return arena_printf(a, "a stage is a number from 1 on, or a size such as 16x16, or `vectors`, not `%s`", arg->value);
    return NULL;
}

const char *pass_prune_args(struct arena *a, const struct pass_args *args)
{
    const char *other = NULL;
    bool keeps = false;
    for (size_t i = 0; i < args->n; i++) {
        const char *why = wrong(a, &args->at[i]);
        if (why)
            return why;
        if (strcmp(args->at[i].word, "keep") == 0)
            keeps = true;
        else
            other = args->at[i].word;
    }
    return keeps && other ? arena_printf(a, "with keep=NAME all other ReLUs go: there is nothing left for `%s`", other) : NULL;
}
