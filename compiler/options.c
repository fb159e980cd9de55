/* One table describes every option: the parser, the help texts and "did you mean" all read it. */
#include "config.h"

#include "compiler/options.h"
#include "compiler/options_internal.h"

#include "compiler/base/nearest.h"
#include "compiler/emit/emit.h"
#include "compiler/ir/print.h"
#include "compiler/load/embed.h"
#include "compiler/pass/schedule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    ANY = 0, CHECK = 1 << COMMAND_CHECK, BUILD = 1 << COMMAND_BUILD, COUNT = 1 << COMMAND_COUNT, REPORT = 1 << COMMAND_REPORT,
    FMT = 1 << COMMAND_FMT, DOC = 1 << COMMAND_DOC,
    NETS = CHECK | BUILD | COUNT | REPORT, /* the commands that read a network */
};

enum id {
    OPT_HELP, OPT_VERSION, OPT_SEARCH_DIRS, OPT_OUTPUT, OPT_EMIT, OPT_FROM_IR, OPT_INCLUDE, OPT_DEFINE, OPT_PICK, OPT_NETWORK, OPT_DEPEND,
    OPT_DEPEND_FILE, OPT_DEPEND_TARGET, OPT_WARNING, OPT_NO_WARNINGS, OPT_MAX_ERRORS, OPT_COLOUR, OPT_DIAGNOSTICS, OPT_DUMP_AFTER,
    OPT_VERIFY, OPT_TARGETS, OPT_CHECK, OPT_IN_PLACE, OPT_LEVEL, OPT_PASS, OPT_REMARKS, OPT_REMARKS_FORM, OPT_BY, OPT_FORMAT,
};

static const struct spec {
    enum id id;
    const char *name, *letter; /* letter: a short form, "" for none */
    const char *value;         /* what its value is called; NULL: it has none */
    unsigned commands;         /* ANY: also without a command */
    const char *help;
} specs[] = {
    {OPT_OUTPUT, "--output", "-o", "PATH", BUILD | COUNT | REPORT | DOC, "the directory for C (it is made), or the file for text"},
    {OPT_EMIT, "--emit", "", "KIND", BUILD, "c; ir, json, dot: the graph after all passes; plan: the schedule; ast: the syntax tree; cnas: the source with every choice picked. Texts go to standard output"},
    {OPT_TARGETS, "--targets", "", "LIST", CHECK | BUILD, "the programs that are wanted: any of train,infer,client,server, or all (default)"},
    {OPT_INCLUDE, "--include", "-I", "DIR", NETS, "look for imported modules here too; in the order given"},
    {OPT_DEFINE, "--define", "-D", "NAME=VALUE", NETS, "give a parameter of the network a value"},
    {OPT_PICK, "--pick", "", "NAME=VALUE", NETS, "decide a choice: an alternative as `check` shows it, or [0, 2] for a subset"},
    {OPT_NETWORK, "--network", "", "NAME", NETS, "which network, where the file has several"},
    {OPT_DEPEND, "-MMD", "", NULL, BUILD, "write a dependency file for make: what was read, without the standard library"},
    {OPT_DEPEND_FILE, "-MF", "", "FILE", BUILD, "its name; without it, DIR/NET.d, or that of -o ending in .d"},
    {OPT_DEPEND_TARGET, "-MT", "", "TARGET", BUILD, "the target it names; without it, the files that are written"},
    {OPT_FROM_IR, "--from-ir", "", NULL, NETS, "the input is the text that --emit=ir wrote"},
    {OPT_LEVEL, "--optimize", "-O", "LEVEL", NETS, "0: the network as it is written; 1 (default): passes that keep the function bit by bit; 2: also up to rounding. A network with @passes says itself"},
    {OPT_PASS, "--pass", "-f", "PASS", NETS, "run this pass too, with arguments after a `=`: -frelu-prune=skips; no-PASS: do not run it"},
    {OPT_REMARKS, "--remark", "-R", "WHICH", NETS, "pass, pass-missed or pass-analysis: show what passes did, could not do, found; pass=NAME: this pass alone"},
    {OPT_REMARKS_FORM, "--remarks", "", "FORM", NETS, "text (default): remarks are among the diagnostics; json: one object in a line, on standard error, all of them if no -R says which; json:FILE: in a file"},
    {OPT_BY, "--by", "", "WHAT", COUNT, "stage or layer: a second table, with ReLUs as written and now"},
    {OPT_FORMAT, "--format", "", "FORM", COUNT, "text (default) or json"},
    {OPT_DUMP_AFTER, "--dump-after", "", "PASS", CHECK | BUILD, "print the graph as it is after this pass, and stop; `elaborate` is before the first"},
    {OPT_VERIFY, "--verify", "", NULL, NETS, "check the compiler itself as well: texts that read back, every invariant of the plan"},
    {OPT_WARNING, "--warn", "-W", "WHICH", NETS, "all, error, or the name of a warning, which its message shows; no-NAME: not that one"},
    {OPT_NO_WARNINGS, "-w", "", NULL, NETS, "no warnings"},
    {OPT_CHECK, "--check", "", NULL, FMT, "write nothing; name the files that are formatted otherwise, and exit with 1 if there are any"},
    {OPT_IN_PLACE, "--in-place", "-i", NULL, FMT, "rewrite the files, instead of printing them"},
    {OPT_MAX_ERRORS, "--max-errors", "", "N", NETS | FMT | DOC, "show so many errors at most; 20 if not given, 0: all"},
    {OPT_COLOUR, "--color", "", "WHEN", NETS | FMT | DOC, "auto (default: on a terminal), always or never"},
    {OPT_DIAGNOSTICS, "--diagnostics", "", "FORM", NETS | FMT | DOC, "text (default), or json: one object in a line, on standard error"},
    {OPT_SEARCH_DIRS, "--print-search-dirs", "", NULL, ANY, "say where imports are looked for, and stop"},
    {OPT_HELP, "--help", "", NULL, ANY, "this text; with a command, that command's"},
    {OPT_VERSION, "--version", "", NULL, ANY, "the version, and stop"},
};
enum { N_SPECS = sizeof specs / sizeof *specs };

static const struct {
    enum command command;
    const char *name, *arguments, *help, *detail;
} commands[] = {
    {COMMAND_CHECK, "check", "NET.cnas", "shapes, parameters and ReLUs by layer; do the budgets hold?",
     "Reads a network description and prints a table of its layers: the shape of each result, trainable parameters,\n"
     "multiply-accumulates and ReLUs, then what the passes did and whether every budget holds. Writes no files.\n"},
    {COMMAND_BUILD, "build", "NET.cnas -o DIR", "write C: training, inference, and private inference's client and server",
     "Compiles a network description to C with headers and a Makefile. Files are written only when everything\n"
     "succeeded, and those that would not change are left untouched.\n"},
    {COMMAND_COUNT, "count", "NET.cnas", "ReLUs, parameters, MACs and memory before and after each pass",
     "Prints what the network costs as it is written and after each pass that ran: ReLUs, trainable parameters,\n"
     "multiply-accumulates, and the bytes of float32 activations of one sample that are alive at once at most; then the\n"
     "budgets. A broken budget is shown, and is no error here.\n"},
    {COMMAND_REPORT, "report", "NET.cnas -o FILE.html", "a page about the network: its graph, ReLUs, passes, budgets and costs",
     "Writes one HTML page that needs nothing else: the graph with its linear segments and ReLUs, ReLUs by layer before and\n"
     "after the passes, what each pass did, every budget, costs, and the source. A broken budget is shown, and is no error\n"
     "here. Without -o, the page goes to standard output.\n"},
    {COMMAND_FMT, "fmt", "FILE.cnas...", "format source files",
     "Prints the files in the one canonical layout: four blanks for a level, lines of up to 100 columns. Comments stay.\n"
     "A file with syntax errors is left as it is, and so are then all the others.\n"},
    {COMMAND_DOC, "doc", "FILE.cnas|std.NAME", "documentation of a module, as Markdown",
     "Prints what a module's doc comments say, with the signatures of its constants, blocks and networks, as Markdown.\n"
     "std.NAME is a module of the standard library, and not a file. Imports are not followed.\n"},
    {COMMAND_EXPLAIN, "explain", "[CODE|-WNAME]", "say what the code of an error or a warning means",
     "Explains the code that stands in brackets behind an error or a warning, with an example of the mistake and of its\n"
     "correction. A warning may be given by its name, too. Without a code, lists all.\n"},
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

static const char *command_name(enum command c)
{
    return commands[c - 1].name;
}

/* --- texts --- */

static void help_options(struct text *out, enum command command)
{
    for (int i = 0; i < N_SPECS; i++) {
        const struct spec *s = &specs[i];
        if (command == COMMAND_NONE ? s->commands != ANY : s->commands != ANY && !(s->commands & (1u << command)))
            continue;
        const char *name = *s->letter ? s->letter : s->name;
        const char *left = !s->value ? name : arena_printf(out->arena, "%s%s%s", name, name[1] == '-' ? "=" : " ", s->value);
        text_add(out, "  %-20s  %s\n", left, s->help);
    }
}

static void help(struct text *out, enum command command)
{
    if (command == COMMAND_NONE) {
        text_add(out, "cnasc compiles network descriptions with ReLU budgets to C.\n\nUsage: cnasc COMMAND [OPTION...] FILE\n\nCommands:\n");
        for (int i = 0; i < N_COMMANDS; i++)
            text_add(out, "  %-20s  %s\n", commands[i].name, commands[i].help);
        text_add(out, "\nOptions:\n");
        help_options(out, command);
        text_add(out, "\n`cnasc COMMAND --help` tells a command's options. FILE may be `-`, standard input.\n");
    } else {
        text_add(out, "Usage: cnasc %s [OPTION...] %s\n\n%s\nOptions:\n", command_name(command), commands[command - 1].arguments,
                 commands[command - 1].detail);
        help_options(out, command);
    }
    text_add(out, "\nExit status: 0 done; 1 the input is wrong; 2 wrong usage, or something could not be read or written.\n");
}

static void usage(struct text *out)
{
    text_add(out, "usage: cnasc check NET.cnas\n       cnasc build NET.cnas -o DIR\n       cnasc --help\n");
}

static void search_dirs(struct text *out, const struct options *o)
{
    text_add(out, "the importing file's directory\n");
    for (size_t i = 0; i < o->dirs.n; i++)
        text_add(out, "%s\n", o->dirs.at[i]);
    text_add(out, "std: built in:");
    for (size_t i = 0; i < embed_n_modules; i++)
        text_add(out, " std.%s", embed_modules[i].name);
    text_add(out, "\n");
}

enum options_outcome options_wrong(struct text *out, const char *sentence)
{
    text_add(out, "cnasc: %s\n", sentence);
    return OPTIONS_WRONG;
}


static enum options_outcome unknown(struct text *out, const char *what, const char *word, const char *best, enum command command)
{
    const char *help_of = command == COMMAND_NONE ? "" : arena_printf(out->arena, "%s ", command_name(command));
    if (best)
        return WRONG(out, "unknown %s %s; did you mean %s?", what, word, best);
    return WRONG(out, "unknown %s %s; see cnasc %s--help", what, word, help_of);
}

/* --- parsing --- */

static bool choose(const char *value, const char *const *words, int n, int *index)
{
    for (*index = 0; *index < n; ++*index)
        if (strcmp(value, words[*index]) == 0)
            return true;
    return false;
}

/* "train,infer" */
static bool set_targets(struct options *o, struct text *out, const char *value)
{
    static const struct {
        const char *name;
        unsigned bits;
    } known[] = {{"train", EMIT_TRAIN}, {"infer", EMIT_CLEAR_INFER}, {"client", EMIT_CLIENT}, {"server", EMIT_SERVER}, {"all", EMIT_ALL}};
    o->targets = 0;
    for (const char *at = value;; at++) {
        const char *word = arena_strndup(out->arena, at, strcspn(at, ","));
        unsigned bits = 0;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            bits |= strcmp(word, known[i].name) == 0 ? known[i].bits : 0;
        if (!bits)
            return WRONG(out, "--targets is a list such as train,infer of train, infer, client and server, or all; not %s", value), false;
        o->targets |= bits;
        at += strlen(word);
        if (!*at)
            return true;
    }
}

static bool unknown_warning(struct text *out, const char *word)
{
    const char *name = word;
    name += strncmp(name, "no-", 3) == 0 ? 3 : 0;
    name += strncmp(name, "error=", 6) == 0 ? 6 : 0;
    const char *near = diag_warnings_nearest(name);
    if (near)
        return WRONG(out, "there is no warning -W%s; did you mean -W%.*s%s?", word, (int)(name - word), word, near), false;
    return WRONG(out, "there is no warning -W%s; cnasc explain lists them", word), false;
}

/* True unless the value is wrong; then out says so. */
static bool set(struct options *o, struct text *out, const struct spec *s, const char *value, struct strings *asked)
{
    static const char *const kinds[] = {"c", "ir", "plan", "dot", "json", "ast", "cnas"};
    static const char *const colours[] = {"auto", "always", "never"}, *const forms[] = {"text", "json"},
                             *const parts[] = {"stage", "layer"};
    struct arena *a = out->arena;
    int index;
    char *end;
    switch (s->id) {
    case OPT_HELP:
    case OPT_VERSION:
    case OPT_SEARCH_DIRS:
        vec_push(a, asked, s->name);
        return true;
    case OPT_OUTPUT:
        if (o->output || !*value)
            return options_wrong(out, *value ? "-o is given twice" : "-o needs a name that is not empty"), false;
        o->output = value;
        return true;
    case OPT_EMIT:
        if (!choose(value, kinds, 7, &index))
            return WRONG(out, "--emit is c, ir, plan, dot, json, ast or cnas, not %s", value), false;
        o->emit = (enum emit_kind)index;
        return true;
    case OPT_TARGETS:
        return set_targets(o, out, value);
    case OPT_FROM_IR:
        o->from_ir = true;
        return true;
    case OPT_INCLUDE:
        vec_push(a, &o->dirs, value);
        return true;
    case OPT_DEFINE:
        vec_push(a, &o->defines, value);
        return true;
    case OPT_PICK:
        if (value[0] == '=' || !strchr(value, '='))
            return WRONG(out, "--pick is NAME=VALUE, such as stage0_k=3, not %s", value), false;
        vec_push(a, &o->picks, value);
        return true;
    case OPT_NETWORK:
        o->network = value;
        return true;
    case OPT_DEPEND:
        o->depend = true;
        return true;
    case OPT_DEPEND_FILE:
        o->depend_file = value;
        return true;
    case OPT_DEPEND_TARGET:
        vec_push(a, &o->depend_targets, value);
        return true;
    case OPT_WARNING:
        return diag_warnings_choose(&o->warnings, value) || unknown_warning(out, value);
    case OPT_NO_WARNINGS:
        diag_warnings_none(&o->warnings);
        return true;
    case OPT_MAX_ERRORS:
        errno = 0;
        o->max_errors = strtoll(value, &end, 10);
        if (*end || end == value || errno || o->max_errors < 0 || o->max_errors > INT32_MAX)
            return WRONG(out, "--max-errors is a number such as 20, not %s", value), false;
        return true;
    case OPT_COLOUR:
        if (!choose(value, colours, 3, &index))
            return WRONG(out, "--color is auto, always or never, not %s", value), false;
        o->colour = (enum colour)index;
        return true;
    case OPT_DIAGNOSTICS:
        if (!choose(value, forms, 2, &index))
            return WRONG(out, "--diagnostics is text or json, not %s", value), false;
        o->json = index == 1;
        return true;
    case OPT_LEVEL:
        if (strlen(value) != 1 || *value < '0' || *value > '2')
            return WRONG(out, "-O is 0, 1 or 2, not %s", value), false;
        o->passes.level = *value - '0';
        o->passes.level_given = true;
        return true;
    case OPT_PASS:
        return options_set_pass(o, out, value);
    case OPT_REMARKS:
        return options_set_remarks(o, out, value);
    case OPT_REMARKS_FORM:
        return options_set_remarks_form(o, out, value);
    case OPT_BY:
        if (!choose(value, parts, 2, &index))
            return WRONG(out, "--by is stage or layer, not %s", value), false;
        o->by = index == 0 ? COUNT_STAGE : COUNT_LAYER;
        return true;
    case OPT_FORMAT:
        if (!choose(value, forms, 2, &index))
            return WRONG(out, "--format is text or json, not %s", value), false;
        o->format_json = index == 1;
        return true;
    case OPT_DUMP_AFTER: {
        const struct pass_info *pass = pass_find(value);
        if (!pass && strcmp(value, "elaborate") != 0)
            return options_unknown_pass(out, value);
        o->dump_after = pass ? pass->name : value;
        return true;
    }
    case OPT_CHECK:
        o->check = true;
        return true;
    case OPT_IN_PLACE:
        o->in_place = true;
        return true;
    case OPT_VERIFY:
        o->verify = true;
        return true;
    }
    return true;
}

/* The option that arg is; *value what is joined to it ("--emit=ir", "-Idir"), or NULL. */
static const struct spec *find(const char *arg, const char **value)
{
    for (int i = 0; i < N_SPECS; i++) {
        const struct spec *s = &specs[i];
        size_t n = strlen(s->name), m = strlen(s->letter);
        *value = NULL;
        if (strcmp(arg, s->name) == 0 || (m && strcmp(arg, s->letter) == 0))
            return s;
        if (s->name[1] == '-' && strncmp(arg, s->name, n) == 0 && arg[n] == '=') {
            *value = arg + n + 1;
            return s;
        }
        if (m && s->value && arg[1] != '-' && strncmp(arg, s->letter, m) == 0) {
            *value = arg + m;
            return s;
        }
    }
    return NULL;
}

static enum options_outcome unknown_option(struct text *out, const char *arg, enum command command)
{
    size_t n = strcspn(arg, "=");
    struct nearest near = nearest_to(arena_strndup(out->arena, arg, n));
    for (int i = 0; i < N_SPECS; i++)
        if (strlen(specs[i].name) > 2)
            nearest_try(&near, specs[i].name);
    return unknown(out, "option", near.word, near.best, command);
}

/* What fits together. typed: each option that was given, as it was written. */
static enum options_outcome check_whole(const struct options *o, struct text *out, const char *const *typed)
{
    if (o->command == COMMAND_NONE) {
        usage(out);
        return OPTIONS_WRONG;
    }
    for (int i = 0; i < N_SPECS; i++)
        if (typed[i] && specs[i].commands != ANY && !(specs[i].commands & (1u << o->command)))
            return WRONG(out, "%s is no option of cnasc %s", typed[i], command_name(o->command));
    if (!o->input && o->command != COMMAND_EXPLAIN)
        return WRONG(out, "cnasc %s needs a file: cnasc %s %s", command_name(o->command), command_name(o->command),
                     commands[o->command - 1].arguments);
    if (o->in_place && o->check)
        return options_wrong(out, "--check writes nothing: it cannot go with -i");
    for (size_t i = 0; o->in_place && i < o->words.n; i++)
        if (strcmp(o->words.at[i], "-") == 0)
            return options_wrong(out, "standard input cannot be rewritten: leave out -i");
    if (o->command == COMMAND_BUILD && o->emit == EMIT_C && !o->output && !o->dump_after)
        return options_wrong(out, "cnasc build needs -o DIR, the directory for the files it writes");
    if (!o->depend && (o->depend_file || o->depend_targets.n))
        return options_wrong(out, "-MF and -MT belong to -MMD, which is not given");
    if (o->depend && !o->output && !(o->depend_file && o->depend_targets.n))
        return options_wrong(out, "-MMD needs -o, or both -MF and -MT");
    if ((o->emit == EMIT_AST || o->emit == EMIT_CNAS) && (o->from_ir || o->dump_after))
        return WRONG(out, "--emit=%s prints the source: it cannot go with --from-ir or --dump-after", o->emit == EMIT_AST ? "ast" : "cnas");
    if (o->from_ir && (o->dirs.n || o->defines.n || o->picks.n || o->network))
        return options_wrong(out, "-I, -D, --pick and --network mean nothing for a graph that is read with --from-ir");
    return OPTIONS_RUN;
}

static enum options_outcome set_word(struct options *o, struct text *out, const char *word)
{
    if (o->command != COMMAND_NONE) {
        if (o->input && o->command != COMMAND_FMT)
            return WRONG(out, "one file at a time, not both %s and %s", o->input, word);
        vec_push(out->arena, &o->words, word);
        o->input = o->words.at[0];
        return OPTIONS_RUN;
    }
    struct nearest near = nearest_to(word);
    size_t n = strlen(word);
    for (int i = 0; i < N_COMMANDS; i++) {
        if (strcmp(word, commands[i].name) == 0)
            o->command = commands[i].command;
        nearest_try(&near, commands[i].name);
    }
    if (n > 5 && strcmp(word + n - 5, ".cnas") == 0)
        return WRONG(out, "%s is no command; to check it: cnasc check %s", word, word);
    return o->command == COMMAND_NONE ? unknown(out, "command", word, near.best, COMMAND_NONE) : OPTIONS_RUN;
}

enum options_outcome options_parse(struct options *o, struct text *out, int argc, char *const *argv)
{
    *o = (struct options){.max_errors = 20, .warnings = diag_warnings_default(), .targets = EMIT_ALL};
    struct strings asked = {0};
    const char *typed[N_SPECS] = {0};
    bool only_words = false;
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i], *value;
        bool warning = o->command == COMMAND_EXPLAIN && strncmp(arg, "-W", 2) == 0 && arg[2]; /* -Wauto: what a message shows */
        if (only_words || arg[0] != '-' || !arg[1] || warning) {
            if (set_word(o, out, arg) != OPTIONS_RUN)
                return OPTIONS_WRONG;
            continue;
        }
        if (strcmp(arg, "--") == 0) {
            only_words = true;
            continue;
        }
        if (strcmp(arg, "-h") == 0)
            arg = "--help";
        const struct spec *s = find(arg, &value);
        if (!s)
            return unknown_option(out, arg, o->command);
        if (value && !s->value)
            return WRONG(out, "%s takes no value", s->name);
        if (s->value && !value && i + 1 == argc)
            return WRONG(out, "%s needs %s", arg, s->value);
        if (s->value && !value)
            value = argv[++i];
        if (!set(o, out, s, value, &asked))
            return OPTIONS_WRONG;
        typed[s - specs] = strncmp(arg, s->name, strlen(s->name)) == 0 ? s->name : s->letter;
    }
    if (asked.n == 0)
        return check_whole(o, out, typed);
    if (strcmp(asked.at[0], "--help") == 0)
        help(out, o->command);
    else if (strcmp(asked.at[0], "--version") == 0)
        text_add(out, "cnasc %s\n", PACKAGE_VERSION);
    else
        search_dirs(out, o);
    return OPTIONS_SHOWN;
}
