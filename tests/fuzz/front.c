/* Fuzz target: any bytes as a .cnas file, through everything that `cnasc check` and `cnasc fmt` do with it. A first line
 * `// options: -O2 -D a=1 --network N --pick k=3` is read as in tests/golden. Imports are those of std, and of the folders of modules that the
 * golden tests use. Laws: the syntax tree's text parses to itself, formatted text parses to the same tree and formats to itself, and a text with the
 * network's answers in it is the same network. */
#include "tests/fuzz/laws.h"

#include "compiler/advise.h"
#include "compiler/fit.h"
#include "compiler/fmt/fmt.h"
#include "compiler/load/load.h"
#include "compiler/pin.h"
#include "compiler/space.h"
#include "grammar/front.h"

#include <stdlib.h>
#include <string.h>

/* The canonical text of a source's syntax tree; NULL: it does not parse. */
static const char *tree(struct arena *a, const struct source *s)
{
    struct diag *d = diag_new(a);
    const struct ast_module *m = front_parse(a, d, s);
    if (diag_errors(d) > 0)
        return NULL;
    struct text t = text_new(a);
    ast_print_module(&t, m);
    return text_str(&t);
}

static const struct source *source_of(struct arena *a, const char *text)
{
    return source_new(a, "text.cnas", text, strlen(text));
}

static const char *formatted(struct arena *a, const struct source *s)
{
    struct text t = text_new(a);
    fmt_source(&t, s);
    return text_str(&t);
}

static void syntax_laws(const struct source *s)
{
    struct arena *a = arena_new();
    const char *was = tree(a, s);
    if (was) {
        law_same("the text of a syntax tree parses to that tree", tree(a, source_of(a, was)), was);
        const char *once = formatted(a, s);
        law_same("formatting keeps the syntax tree", tree(a, source_of(a, once)), was);
        law_same("formatting what was formatted changes nothing", formatted(a, source_of(a, once)), once);
    }
    arena_free(&a);
}

enum {
    MOST_OPTIONS = 8,
    STEPS = 200000, /* instead of some ten millions: enough for any network of this size, and long loops are soon over */
};

struct given {
    struct ast_define defines[MOST_OPTIONS];
    struct elab_pick picks[MOST_OPTIONS];
    struct elab_options elab;
    struct pass_settings passes;
};

static void read_options(struct arena *a, struct diag *d, const char *bytes, size_t n, struct given *g)
{
    static const char start[] = "// options: ";
    if (n < sizeof start - 1 || memcmp(bytes, start, sizeof start - 1) != 0)
        return;
    const char *end = memchr(bytes, '\n', n);
    char *line = arena_strndup(a, bytes, end ? (size_t)(end - bytes) : n);
    char *rest = line + sizeof start - 1, *option;
    while ((option = strtok_r(rest, " ", &rest))) {
        if (strncmp(option, "-O", 2) == 0 && option[2] >= '0' && option[2] <= '2') {
            g->passes.level_given = true;
            g->passes.level = option[2] - '0';
            continue;
        }
        char *value = strtok_r(rest, " ", &rest), *equals = value ? strchr(value, '=') : NULL;
        if (!value)
            return;
        if (strcmp(option, "--network") == 0)
            g->elab.network = value;
        if (strcmp(option, "-D") == 0 && g->elab.n_defines < MOST_OPTIONS && load_define(a, d, value, &g->defines[g->elab.n_defines]))
            g->elab.n_defines++;
        if (strcmp(option, "--pick") == 0 && g->elab.n_picks < MOST_OPTIONS && equals) {
            *equals = '\0';
            g->picks[g->elab.n_picks++] = (struct elab_pick){.name = value, .text = equals + 1};
        }
    }
}

static struct load_options search_path(struct arena *a)
{
    const char *top = getenv("top_srcdir");
    const char **dirs = ARENA_ARRAY(a, const char *, 2);
    if (!top)
        return (struct load_options){0};
    dirs[0] = arena_printf(a, "%s/tests/golden/errors/lib", top);
    dirs[1] = arena_printf(a, "%s/tests/golden/sema", top);
    return (struct load_options){dirs, 2};
}

/* A network whose answers are written into its text is the same network. */
static void pin_law(struct arena *a, struct diag *d, const struct elab_found *found, const struct pass_settings *settings,
                    const struct ir_graph *g)
{
    struct load_options path = search_path(a);
    struct text pinned = text_new(a);
    if (!pin_source(&pinned, d, found))
        return;
    const char *why = pin_verify(&pinned, &path, settings, found, g);
    if (why) {
        fprintf(stderr, "%s\n", text_str(&pinned));
        bug(why);
    }
}

/* As compiler/compile.c goes through it. */
static void check(struct arena *a, struct diag *d, const char *bytes, size_t n)
{
    struct load_options path = search_path(a);
    const struct ast_program *program = load_text(a, d, "fuzz.cnas", bytes, n, &path);
    struct given given = {0};
    given.elab.defines = given.defines;
    given.elab.picks = given.picks;
    read_options(a, d, bytes, n, &given);
    int64_t steps = STEPS;
    given.elab.steps = &steps;
    struct elab_found found;
    struct fit fit;
    const struct ir_graph *g = fit_network(a, d, program, &given.elab, &found, &given.passes, &fit);
    if ((g != NULL) != (diag_errors(d) == 0))
        bug("a network with errors, or none without");
    const struct ir_graph *elaborated = g;
    g = g ? law_graph(a, d, g, &given.passes) : NULL;
    if (!g)
        return;
    struct text report = text_new(a);
    fit_report(&report, &fit);
    struct space space = {program, &given.elab, &found, &given.passes, g};
    if (space_report(&report, d, &space) && space_check_pinned(a, d, &found))
        pin_law(a, d, &found, &given.passes, g);
    struct advise advise = {a, program, &given.elab, &given.passes, elaborated};
    struct budget_advice advice = advise_budget(&advise);
    budget_check(a, d, g, &advice);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena *a = arena_new();
    struct diag *d = diag_new(a);
    syntax_laws(source_new(a, "fuzz.cnas", (const char *)bytes, n));
    check(a, d, (const char *)bytes, n);
    law_diagnostics(a, d);
    arena_free(&a);
    return 0;
}
