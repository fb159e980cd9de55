#include "compiler/depend.h"

#include <string.h>

/* As GNU make reads names: blanks and # with a backslash (and the backslashes before them doubled), $ doubled. */
static void add_name(struct text *out, const char *name)
{
    size_t slashes = 0;
    for (; *name; name++) {
        if (*name == ' ' || *name == '\t' || *name == '#') {
            for (size_t i = 0; i < slashes + 1; i++)
                text_add(out, "\\");
        } else if (*name == '$') {
            text_add(out, "$");
        }
        slashes = *name == '\\' ? slashes + 1 : 0;
        text_add_bytes(out, name, 1);
    }
}

void depend_print(struct text *out, const char *const *targets, size_t n_targets, const char *input, const struct ast_program *program)
{
    for (size_t i = 0; i < n_targets; i++) {
        text_add(out, i ? " " : "");
        add_name(out, targets[i]);
    }
    text_add(out, ":");
    if (strcmp(input, "-") != 0) {
        text_add(out, " \\\n  ");
        add_name(out, input);
    }
    size_t n = program ? program->n_modules - 1 : 0; /* the last is the input */
    for (size_t i = 0; i < n; i++) {
        const char *name = program->modules[i]->source->name;
        if (*name == '<')
            continue;
        text_add(out, " \\\n  ");
        add_name(out, name);
    }
    text_add(out, "\n");
    for (size_t i = 0; i < n; i++) {
        const char *name = program->modules[i]->source->name;
        if (*name == '<')
            continue;
        text_add(out, "\n");
        add_name(out, name);
        text_add(out, ":\n");
    }
}
