/* A module's doc comments as Markdown. Only this one text is parsed: what it imports is not looked for. */
#include "compiler/document.h"

#include "compiler/base/file.h"
#include "compiler/base/nearest.h"
#include "compiler/load/embed.h"
#include "compiler/show.h"
#include "grammar/front.h"

#include <string.h>

/* ---- Markdown ---- */

/* `code`, between more backticks than stand side by side in it */
static void add_code(struct text *t, const char *code)
{
    size_t most = 0;
    for (const char *at = code; *at; at++) {
        size_t n = strspn(at, "`");
        most = n > most ? n : most;
    }
    for (size_t i = 0; i <= most; i++)
        text_add(t, "`");
    text_add(t, most ? " %s " : "%s", code);
    for (size_t i = 0; i <= most; i++)
        text_add(t, "`");
}

static void add_entry(struct text *t, const char *name, const struct text *signature)
{
    text_add(t, "\n### ");
    add_code(t, name);
    text_add(t, "\n\n");
    add_code(t, text_str(signature));
    text_add(t, "\n");
}

static size_t line_length(const char *doc)
{
    return strcspn(doc, "\n");
}

static const char *next_line(const char *doc)
{
    doc += line_length(doc);
    return doc + (*doc == '\n');
}

static void add_paragraphs(struct text *t, const char *doc)
{
    if (!doc || !*doc)
        return;
    text_add(t, "\n");
    for (; *doc; doc = next_line(doc))
        text_add(t, "%.*s\n", (int)line_length(doc), doc);
}

/* The parameters that have a text, as a list. */
static void add_params(struct text *t, const struct ast_params *params)
{
    bool any = false;
    for (size_t i = 0; i < params->n; i++) {
        const char *doc = params->at[i].doc;
        if (!doc || !*doc)
            continue;
        text_add(t, any ? "- " : "\n- ");
        any = true;
        add_code(t, params->at[i].target.name.text);
        text_add(t, ": %.*s\n", (int)line_length(doc), doc);
        for (doc = next_line(doc); *doc; doc = next_line(doc))
            text_add(t, "%s%.*s\n", line_length(doc) ? "  " : "", (int)line_length(doc), doc);
    }
}

static void add_constants(struct text *t, const struct ast_constants *constants)
{
    if (constants->n)
        text_add(t, "\n## Constants\n");
    for (size_t i = 0; i < constants->n; i++) {
        const struct ast_constant *c = constants->at[i];
        struct text signature = text_new(t->arena);
        ast_print_constant(&signature, c);
        add_entry(t, c->target.name.text, &signature);
        add_paragraphs(t, c->doc);
    }
}

/* What @doc("text") says, below what the comment says. */
static void add_annotated(struct text *t, const struct ast_annotations *as)
{
    for (size_t i = 0; i < as->n; i++) {
        const struct ast_annotation *a = &as->at[i];
        if (strcmp(a->name.text, "doc") == 0 && a->args.n == 1 && a->args.at[0].value->kind == AST_STRING)
            add_paragraphs(t, a->args.at[0].value->string.bytes);
    }
}

static void add_blocks(struct text *t, const struct ast_blocks *blocks, bool networks)
{
    bool any = false;
    for (size_t i = 0; i < blocks->n; i++) {
        const struct ast_block *b = blocks->at[i];
        if (b->is_network != networks)
            continue;
        if (!any)
            text_add(t, networks ? "\n## Networks\n" : "\n## Blocks\n");
        any = true;
        struct text signature = text_new(t->arena);
        ast_print_signature(&signature, b);
        add_entry(t, b->target.name.text, &signature);
        add_paragraphs(t, b->doc);
        add_annotated(t, &b->annotations);
        add_params(t, &b->params);
    }
}

/* ---- the module ---- */

/* "nets/small.cnas": small */
static const char *title_of(struct arena *a, const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    size_t n = strlen(base), suffix = strlen(".cnas");
    return n > suffix && strcmp(base + n - suffix, ".cnas") == 0 ? arena_strndup(a, base, n - suffix) : base;
}

static const struct source *std_source(struct arena *a, const char *word, const char **failure)
{
    const char *name = word + strlen("std.");
    const struct embed_module *m = embed_find(name);
    if (m)
        return source_new(a, arena_printf(a, "<std>/%s.cnas", name), m->text, strlen(m->text));
    struct nearest near = nearest_to(name);
    for (size_t i = 0; i < embed_n_modules; i++)
        nearest_try(&near, embed_modules[i].name);
    *failure = near.best ? arena_printf(a, "the standard library has no module %s; did you mean std.%s?", word, near.best)
                         : arena_printf(a, "the standard library has no module %s; cnasc --print-search-dirs lists them", word);
    return NULL;
}

/* NULL: *failure says why. *title: what the page is called. */
static const struct source *source_of(struct arena *a, const char *word, const char **title, const char **failure)
{
    if (strncmp(word, "std.", 4) == 0) {
        *title = word;
        return std_source(a, word, failure);
    }
    bool standard = strcmp(word, "-") == 0;
    size_t n;
    const char *bytes = file_read(a, word, SOURCE_MAX, &n, failure);
    *title = standard ? "Standard input" : title_of(a, word);
    return bytes ? source_new(a, standard ? "<stdin>" : word, bytes, n) : NULL;
}

static void write_page(struct arena *a, const struct text *t, const char *path, const char **failure)
{
    struct file_set set = file_set_new(a);
    if (!path) {
        file_print(a, text_str(t), t->n, failure);
        return;
    }
    file_set_add(&set, path, text_str(t), t->n);
    file_set_commit(&set, failure);
}

int document_run(struct arena *a, const struct options *o)
{
    struct diag *d = diag_new(a);
    diag_limit(d, (size_t)o->max_errors);
    const char *failure = NULL, *title;
    const struct source *s = source_of(a, o->input, &title, &failure);
    const struct ast_module *m = NULL;
    if (s) {
        diag_source(d, s);
        m = front_parse(a, d, s);
    }
    if (m && !diag_errors(d)) {
        struct text t = text_new(a);
        text_add(&t, "# %s\n", title);
        add_paragraphs(&t, m->doc);
        add_constants(&t, &m->constants);
        add_blocks(&t, &m->blocks, false);
        add_blocks(&t, &m->blocks, true);
        write_page(a, &t, o->output, &failure);
    }
    return show_diagnostics(a, d, failure, o);
}
