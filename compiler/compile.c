#include "config.h"

#include "compiler/compile.h"

#include "compiler/advise.h"
#include "compiler/base/blake2b.h"
#include "compiler/base/file.h"
#include "compiler/depend.h"
#include "compiler/emit/emit.h"
#include "compiler/fit.h"
#include "compiler/ir/export.h"
#include "compiler/ir/print.h"
#include "compiler/ir/verify.h"
#include "compiler/load/load.h"
#include "compiler/lower/plan.h"
#include "compiler/pin.h"
#include "compiler/report/check.h"
#include "compiler/report/count.h"
#include "compiler/report/page.h"
#include "compiler/show.h"
#include "compiler/space.h"

#include <string.h>

struct compilation {
    struct arena *arena;
    const struct options *options;
    struct diag *diag;
    const char *failure; /* the world's; NULL: none */
    const char *digest;  /* of the input's bytes */
    const struct ast_program *program; /* NULL: from IR */
    struct elab_options elab;
    struct elab_found found;
    struct fit fit;
    const struct ir_graph *graph;
    struct pass_trace passes;
    const struct plan *plan;
    const struct plan_served *served; /* NULL: inference runs the trained network itself */
};

/* --- stages: each takes up where the one before it ended; false: a diagnostic or c->failure says why --- */

static bool parse_ir(struct compilation *c, const char *name, const char *bytes, size_t n)
{
    const struct source *s = source_new(c->arena, name, bytes, n);
    struct ir_read_error e;
    diag_source(c->diag, s);
    c->graph = ir_read(c->arena, bytes, n, &e);
    if (c->graph)
        return true;
    uint32_t at = e.line ? s->line_start[e.line - 1] + (uint32_t)e.column - 1 : 0;
    diag_error(c->diag, (struct span){s, at, at}, E_IR_TEXT, "%s", e.why);
    return false;
}

static bool read_defines(struct compilation *c)
{
    const struct options *o = c->options;
    struct ast_define *defines = ARENA_ARRAY(c->arena, struct ast_define, o->defines.n);
    bool ok = true;
    for (size_t i = 0; i < o->defines.n; i++)
        ok &= load_define(c->arena, c->diag, o->defines.at[i], &defines[i]);
    struct elab_pick *picks = ARENA_ARRAY(c->arena, struct elab_pick, o->picks.n);
    for (size_t i = 0; i < o->picks.n; i++) {
        const char *equals = strchr(o->picks.at[i], '=');
        picks[i].name = arena_strndup(c->arena, o->picks.at[i], (size_t)(equals - o->picks.at[i]));
        picks[i].text = equals + 1;
    }
    c->elab = (struct elab_options){
        .network = o->network, .defines = defines, .n_defines = o->defines.n, .picks = picks, .n_picks = o->picks.n};
    return ok;
}

/* The input and what it imports as syntax trees, or, from IR, as a graph. */
static bool read_input(struct compilation *c)
{
    const struct options *o = c->options;
    const char *name = strcmp(o->input, "-") == 0 ? "<stdin>" : o->input;
    size_t n;
    const char *bytes = file_read(c->arena, o->input, SOURCE_MAX, &n, &c->failure);
    if (!bytes)
        return false;
    char *hex = arena_alloc(c->arena, BLAKE2B_HEX);
    blake2b_hex(hex, bytes, n);
    c->digest = hex;
    if (o->from_ir)
        return parse_ir(c, name, bytes, n);

    struct load_options load = {o->dirs.at, o->dirs.n};
    c->program = load_text(c->arena, c->diag, name, bytes, n, &load);
    return read_defines(c) && !diag_errors(c->diag);
}

/* The input as a verified graph. */
static bool make_graph(struct compilation *c)
{
    if (c->graph)
        return true;
    c->graph = fit_network(c->arena, c->diag, c->program, &c->elab, &c->found, &c->options->passes, &c->fit);
    ir_id node;
    const char *why = c->graph ? ir_verify(c->arena, c->graph, &node) : NULL;
    if (why)
        bug(arena_printf(c->arena, "after elaboration: %s", why));
    return c->graph;
}

static const char *graph_text(struct compilation *c, const struct ir_graph *g, size_t *n)
{
    struct text t = text_new(c->arena);
    ir_print(&t, g);
    *n = t.n;
    return text_str(&t);
}

/* --verify: the text of a graph reads back as that graph. */
static void verify_text(struct compilation *c, const struct ir_graph *g)
{
    size_t n, again;
    const char *text = graph_text(c, g, &n);
    struct ir_read_error e;
    const struct ir_graph *back = ir_read(c->arena, text, n, &e);
    if (!back)
        bug(arena_printf(c->arena, "the graph's text is not understood: %d:%d: %s", e.line, e.column, e.why));
    if (strcmp(graph_text(c, back, &again), text) != 0)
        bug("the graph's text reads back as another graph");
}

static bool run_passes(struct compilation *c)
{
    const struct ir_graph *elaborated = c->graph;
    c->graph = pass_all(c->arena, c->diag, elaborated, &c->options->passes, &c->passes);
    if (!c->graph)
        return false;
    if (c->options->verify) {
        verify_text(c, elaborated);
        for (size_t i = 0; i < c->passes.n; i++)
            verify_text(c, c->passes.steps[i].after);
    }
    return show_remarks(c->arena, c->diag, c->graph->name, &c->passes, c->options, &c->failure);
}

static bool check_budgets(struct compilation *c)
{
    struct advise advise = {c->arena, c->program, &c->elab, &c->options->passes, c->passes.elaborated};
    struct budget_advice advice = advise_budget(&advise);
    return budget_check(c->arena, c->diag, c->graph, &advice) == 0;
}

/* Inference in the clear on a graph of its own, where passes made one. */
static bool make_served(struct compilation *c)
{
    struct plan_refusal refusal = {0};
    if (!c->passes.served || !(c->options->targets & EMIT_CLEAR_INFER))
        return true;
    c->served = plan_serve(c->arena, c->graph, c->plan, c->passes.served, &refusal);
    if (!c->served)
        diag_error_at(c->diag, &refusal.site, E_NOT_LOWERED, "%s", refusal.text);
    const char *why = c->served && c->options->verify ? plan_verify(c->arena, c->served->plan) : NULL;
    if (why)
        bug(arena_printf(c->arena, "the plan for inference: %s", why));
    return c->served;
}

static bool make_plan(struct compilation *c)
{
    struct plan_refusal refusal = {0};
    const bool private = c->options->targets & (EMIT_CLIENT | EMIT_SERVER);
    c->plan = plan_lower(c->arena, c->graph, private ? PLAN_PRIVATE : PLAN_CLEAR, &refusal);
    if (!c->plan) {
        diag_error_at(c->diag, &refusal.site, refusal.only_private ? E_NOT_PRIVATE : E_NOT_LOWERED, "%s", refusal.text);
        if (refusal.only_private)
            diag_note(c->diag, (struct span){0}, "with --targets=train,infer it is compiled for training and inference in the clear alone");
        return false;
    }
    const char *why = c->options->verify ? plan_verify(c->arena, c->plan) : NULL;
    if (c->options->verify && !why)
        why = plan_verify_marks(c->arena, c->plan, c->graph);
    if (why)
        bug(arena_printf(c->arena, "the plan: %s", why));
    return make_served(c);
}

/* --- what is written --- */

static const char *targets_text(struct compilation *c)
{
    static const struct {
        unsigned bit;
        const char *name;
    } all[] = {{EMIT_TRAIN, "train"}, {EMIT_CLEAR_INFER, "infer"}, {EMIT_CLIENT, "client"}, {EMIT_SERVER, "server"}};
    struct text t = text_new(c->arena);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (c->options->targets & all[i].bit)
            text_add(&t, "%s%s", t.n ? "," : "", all[i].name);
    return text_str(&t);
}

/* The options that shaped the network, as they would be typed. */
static const char *shaping_options(struct compilation *c)
{
    struct text t = text_new(c->arena);
    if (c->options->network)
        text_add(&t, "--network %s", c->options->network);
    if (c->options->targets != EMIT_ALL)
        text_add(&t, "%s--targets=%s", t.n ? " " : "", targets_text(c));
    for (size_t i = 0; i < c->options->defines.n; i++)
        text_add(&t, "%s-D %s", t.n ? " " : "", c->options->defines.at[i]);
    for (size_t i = 0; i < c->options->picks.n; i++)
        text_add(&t, "%s--pick %s", t.n ? " " : "", c->options->picks.at[i]);
    return text_str(&t);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* path without the last suffix of its base name, then .d */
static const char *with_suffix_d(struct arena *a, const char *path)
{
    const char *dot = strrchr(base_name(path), '.');
    return arena_printf(a, "%.*s.d", (int)(dot ? dot - path : (ptrdiff_t)strlen(path)), path);
}

static void add_depend(struct compilation *c, struct file_set *set)
{
    const struct options *o = c->options;
    struct strings targets = o->depend_targets;
    const char *file = o->depend_file;
    if (!targets.n)
        for (size_t i = 0; i < set->files.n; i++)
            vec_push(c->arena, &targets, set->files.at[i].path);
    if (!file) {
        const char *input = strcmp(o->input, "-") == 0 ? "stdin" : base_name(o->input);
        file = with_suffix_d(c->arena, o->emit == EMIT_C ? arena_printf(c->arena, "%s/%s", o->output, input) : o->output);
    }
    struct text t = text_new(c->arena);
    depend_print(&t, targets.at, targets.n, o->input, c->program);
    file_set_add(set, file, text_str(&t), t.n);
}

/* The text to standard output, or to -o; with the dependency file. */
static bool write_text(struct compilation *c, const char *bytes, size_t n)
{
    struct file_set set = file_set_new(c->arena);
    if (c->options->output)
        file_set_add(&set, c->options->output, bytes, n);
    if (c->options->depend)
        add_depend(c, &set);
    if (!c->options->output && !file_print(c->arena, bytes, n, &c->failure))
        return false;
    return file_set_commit(&set, &c->failure);
}

/* --dump-after: a pass that did not run is no reason to print another graph. */
static bool dump_after(struct compilation *c)
{
    const char *pass = c->options->dump_after;
    const struct ir_graph *g = strcmp(pass, "elaborate") == 0 ? c->passes.elaborated : NULL;
    for (size_t i = 0; i < c->passes.n; i++)
        if (strcmp(c->passes.steps[i].pass->name, pass) == 0)
            g = c->passes.steps[i].after;
    if (!g) {
        diag_error(c->diag, (struct span){0}, E_PASS_NOT_RUN, "pass %s does not run on network %s; -f%s runs it", pass, c->graph->name, pass);
        return false;
    }
    size_t n;
    const char *text = graph_text(c, g, &n);
    return write_text(c, text, n);
}

static bool write_c(struct compilation *c)
{
    const struct options *o = c->options;
    struct emit_options emit = {
        .targets = c->options->targets,
        .version = PACKAGE_VERSION,
        .source = strcmp(o->input, "-") == 0 ? "standard input" : base_name(o->input),
        .source_hash = c->digest,
        .command = shaping_options(c),
        .served = c->served,
    };
    struct emit_files files = emit_c(c->arena, c->plan, &emit);
    struct file_set set = file_set_new(c->arena);
    for (size_t i = 0; i < files.n; i++)
        file_set_add(&set, arena_printf(c->arena, "%s/%s", o->output, files.at[i].name), files.at[i].bytes, files.at[i].n);
    if (o->depend)
        add_depend(c, &set);
    return file_set_directory(&set, o->output, &c->failure) && file_set_commit(&set, &c->failure);
}

static bool write_pinned(struct compilation *c, struct text *t)
{
    if (!pin_source(t, c->diag, &c->found))
        return false;
    struct load_options load = {c->options->dirs.at, c->options->dirs.n};
    const char *why = c->options->verify ? pin_verify(t, &load, &c->options->passes, &c->found, c->graph) : NULL;
    if (why)
        bug(why);
    return true;
}

/* --- commands --- */

static bool check(struct compilation *c)
{
    struct text report = text_new(c->arena);
    bool countable = report_check(&report, c->graph, &c->passes);
    if (!countable)
        diag_error(c->diag, (struct span){0}, E_TOO_LARGE, "network %s is too large to be counted", c->graph->name);
    struct space space = {c->program, &c->elab, &c->found, &c->options->passes, c->graph};
    fit_report(&report, &c->fit);
    bool good = countable && space_report(&report, c->diag, &space);
    good = good && check_budgets(c);
    good = good && make_plan(c);
    return (!countable || file_print(c->arena, text_str(&report), report.n, &c->failure)) && good;
}

static bool too_large(struct compilation *c)
{
    diag_error(c->diag, (struct span){0}, E_TOO_LARGE, "network %s is too large to be counted", c->graph->name);
    return false;
}

/* Lines on what was decided where the source leaves it open, for `count` and `report`. */
static const char *about_text(struct compilation *c)
{
    struct text t = text_new(c->arena);
    const size_t open = space_open(&c->found);
    fit_report(&t, &c->fit);
    while (t.n && t.bytes[0] == '\n') /* it begins with an empty line */
        memmove(t.bytes, t.bytes + 1, t.n--);
    if (open)
        text_add(&t, "%zu of %zu choices are open: this is the network with what is picked for them here; cnasc check lists them\n", open,
                 c->found.n_choices);
    return text_str(&t);
}

static bool count(struct compilation *c)
{
    struct text t = text_new(c->arena);
    const struct count count = {c->graph, &c->passes, c->options->by, about_text(c), space_open(&c->found)};
    const bool counted = c->options->format_json ? count_json(&t, &count) : count_text(&t, &count);
    return counted ? write_text(c, text_str(&t), t.n) : too_large(c);
}

/* The user's own files: the standard library is not listed. */
static void add_sources(struct compilation *c, struct page *p)
{
    const size_t n = c->program ? c->program->n_modules : 0;
    const struct source **own = ARENA_ARRAY(c->arena, const struct source *, n);
    for (size_t i = n; i-- > 0;)
        if (strncmp(c->program->modules[i]->name, "std.", 4) != 0)
            own[p->n_sources++] = c->program->modules[i]->source;
    p->sources = own;
}

static bool report(struct compilation *c)
{
    struct text t = text_new(c->arena);
    struct plan_refusal refusal = {0};
    struct page page = {.graph = c->graph, .passes = &c->passes, .version = PACKAGE_VERSION};
    page.plan = plan_lower(c->arena, c->graph, PLAN_PRIVATE, &refusal);
    page.not_private = refusal.text;
    page.about = about_text(c);
    add_sources(c, &page);
    return page_print(&t, &page) ? write_text(c, text_str(&t), t.n) : too_large(c);
}

static bool build(struct compilation *c)
{
    struct text t = text_new(c->arena);
    bool planned = c->options->emit == EMIT_C || c->options->emit == EMIT_PLAN;
    if (!space_check_pinned(c->arena, c->diag, &c->found) || !check_budgets(c) || (planned && !make_plan(c)))
        return false;
    switch (c->options->emit) {
    case EMIT_C:
        return write_c(c);
    case EMIT_IR:
        ir_print(&t, c->graph);
        break;
    case EMIT_DOT:
        ir_print_dot(&t, c->graph);
        break;
    case EMIT_JSON:
        ir_print_json(&t, c->graph);
        break;
    case EMIT_PLAN:
        plan_print(&t, c->plan);
        break;
    case EMIT_CNAS:
        if (!write_pinned(c, &t))
            return false;
        break;
    case EMIT_AST: /* run has no graph made for it */
        break;
    }
    return write_text(c, text_str(&t), t.n);
}

static bool build_ast(struct compilation *c)
{
    struct text t = text_new(c->arena);
    ast_print_module(&t, c->program->modules[c->program->n_modules - 1]);
    return write_text(c, text_str(&t), t.n);
}

static bool run(struct compilation *c)
{
    if (!read_input(c))
        return false;
    if (c->options->emit == EMIT_AST)
        return build_ast(c);
    if (!make_graph(c) || !run_passes(c))
        return false;
    if (c->options->dump_after)
        return dump_after(c);
    switch (c->options->command) {
    case COMMAND_CHECK:
        return check(c);
    case COMMAND_COUNT:
        return count(c);
    case COMMAND_REPORT:
        return report(c);
    default:
        return build(c);
    }
}

enum compile_status compile_run(struct arena *a, const struct options *o)
{
    struct compilation c = {.arena = a, .options = o, .diag = diag_new(a)};
    diag_limit(c.diag, (size_t)o->max_errors);
    diag_choose_warnings(c.diag, &o->warnings);
    bool done = run(&c);
    show_diagnostics(a, c.diag, c.failure, o);
    return done ? COMPILE_DONE : c.failure ? COMPILE_FAILED : COMPILE_INPUT_WRONG;
}
