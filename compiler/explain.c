#include "compiler/explain.h"

#include "compiler/base/diag_explain.h"
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

/* E0301, e0301; any code if word is NULL */
static bool add_codes(struct text *t, const char *word)
{
    bool found = false;
    for (int c = 0; c < DIAG_N_CODES; c++) {
        const struct diag_explanation *e = diag_explain(c);
        if (!e->text || (word && strcasecmp(word, diag_code_text(c)) != 0))
            continue;
        found = true;
        if (!word) {
            text_add(t, "%s  %.*s\n", diag_code_text(c), (int)strcspn(e->text, "\n"), e->text);
            continue;
        }
        text_add(t, "%s\n\n%s\n", diag_code_text(c), e->text);
        add_example(t, "Wrong", e->wrong);
        add_example(t, "Right", e->right);
    }
    return found;
}

int explain_run(struct arena *a, const struct options *o)
{
    struct text t = text_new(a);
    const char *why;
    if (!add_codes(&t, o->input)) {
        fprintf(stderr, "cnasc: there is no code %s; cnasc explain lists them\n", o->input);
        return 2;
    }
    if (file_print(a, text_str(&t), t.n, &why))
        return 0;
    fprintf(stderr, "cnasc: %s\n", why);
    return 2;
}
