#include "compiler/explain.h"

#include "compiler/base/diag_explain.h"
#include "compiler/base/diag_warnings.h"
#include "compiler/base/file.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static void add_lines(struct text *t, const char *lines)
{
    while (*lines) {
        size_t n = strcspn(lines, "\n");
        text_add(t, "    %.*s\n", (int)n, lines);
        lines += n + (lines[n] == '\n');
    }
}

static void add_example(struct text *t, const char *title, const char *example)
{
    if (!*example)
        return;
    text_add(t, "\n%s:\n\n", title);
    add_lines(t, example);
}

/* "-Wno-error=auto", as a warning or a makefile shows it: "auto" */
static const char *bare_name(const char *word)
{
    static const char *const before[] = {"-W", "no-", "error="};
    for (size_t i = 0; i < sizeof before / sizeof *before; i++)
        word += strncmp(word, before[i], strlen(before[i])) == 0 ? strlen(before[i]) : 0;
    return word;
}

/* E0301, e0301; a warning by its name, a group of them; any code if word is NULL */
static bool add_codes(struct text *t, const char *word)
{
    bool found = false;
    for (int c = 0; c < DIAG_N_CODES; c++) {
        const struct diag_explanation *e = diag_explain(c);
        if (!e->text || (word && strcasecmp(word, diag_code_text(c)) != 0 && !diag_warning_is(c, bare_name(word))))
            continue;
        bool warning = diag_code_text(c)[0] == 'W';
        const char *name = warning ? diag_warning_name(c) : "";
        if (!word) {
            text_add(t, "%s  %s%s%.*s\n", diag_code_text(c), name, warning ? ": " : "", (int)strcspn(e->text, "\n"), e->text);
        } else {
            text_add(t, "%s%s%s%s\n\n%s\n", found ? "\n" : "", diag_code_text(c), warning ? ", -W" : "", name, e->text);
            add_example(t, "Wrong", e->wrong);
            add_example(t, "Right", e->right);
        }
        found = true;
    }
    return found;
}

static void unknown(const char *word)
{
    const char *near = diag_warnings_nearest(bare_name(word));
    if (near)
        fprintf(stderr, "cnasc: there is no code or warning %s; did you mean %s?\n", word, near);
    else
        fprintf(stderr, "cnasc: there is no code or warning %s; cnasc explain lists them\n", word);
}

int explain_run(struct arena *a, const struct options *o)
{
    struct text t = text_new(a);
    const char *why;
    if (!add_codes(&t, o->input)) {
        unknown(o->input);
        return 2;
    }
    if (file_print(a, text_str(&t), t.n, &why))
        return 0;
    fprintf(stderr, "cnasc: %s\n", why);
    return 2;
}
