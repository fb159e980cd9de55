/* The front end alone, for golden tests: front_dump ast|ir|check [-I DIR] [-D NAME=VALUE] [--pick NAME=VALUE] [--network NAME] FILE
 * Prints the stage's text to stdout and diagnostics to stderr. Exit status 0, 1 (errors in the input) or 2 (usage). */
#include "compiler/base/vec.h"
#include "compiler/fit.h"
#include "compiler/ir/print.h"
#include "compiler/load/load.h"
#include "compiler/sema/elab.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    struct arena *a = arena_new();
    struct diag *d = diag_new(a);
    VEC(const char *) dirs = {0};
    VEC(struct ast_define) defines = {0};
    VEC(struct elab_pick) picks = {0};
    struct elab_options options = {0};
    struct diag_warnings warnings = diag_warnings_default();
    const char *stage = argc > 1 ? argv[1] : "", *file = NULL;
    for (int i = 2; i < argc; i++) {
        struct ast_define define;
        if (strcmp(argv[i], "-I") == 0 && i + 1 < argc)
            vec_push(a, &dirs, argv[++i]);
        else if (strcmp(argv[i], "-w") == 0)
            diag_warnings_none(&warnings);
        else if (strncmp(argv[i], "-W", 2) == 0 && diag_warnings_choose(&warnings, argv[i] + 2))
            continue;
        else if (strcmp(argv[i], "--network") == 0 && i + 1 < argc)
            options.network = argv[++i];
        else if (strcmp(argv[i], "--pick") == 0 && i + 1 < argc && strchr(argv[i + 1], '=')) {
            char *name = arena_strdup(a, argv[++i]), *equals = strchr(name, '=');
            *equals = '\0';
            vec_push(a, &picks, ((struct elab_pick){.name = name, .text = equals + 1}));
        } else if (strcmp(argv[i], "-D") == 0 && i + 1 < argc) {
            if (load_define(a, d, argv[++i], &define))
                vec_push(a, &defines, define);
        } else
            file = argv[i];
    }
    if (!file || (strcmp(stage, "ast") != 0 && strcmp(stage, "ir") != 0 && strcmp(stage, "check") != 0)) {
        fputs("usage: front_dump ast|ir|check [-I DIR] [-D NAME=VALUE] [--pick NAME=VALUE] [--network NAME] FILE\n", stderr);
        return 2;
    }
    diag_choose_warnings(d, &warnings);
    options.defines = defines.at;
    options.n_defines = defines.n;
    options.picks = picks.at;
    options.n_picks = picks.n;
    struct load_options load = {dirs.at, dirs.n};
    const struct ast_program *p = load_program(a, d, file, &load);
    struct text t = text_new(a);
    if (strcmp(stage, "ast") == 0) {
        if (diag_errors(d) == 0)
            ast_print_module(&t, p->modules[p->n_modules - 1]);
    } else {
        struct elab_found found;
        struct fit fit;
        const struct ir_graph *g = fit_network(a, d, p, &options, &found, NULL, &fit);
        struct pass_trace trace;
        bool passed = g && pass_all(a, d, g, NULL, &trace);
        if (passed && strcmp(stage, "ir") == 0)
            ir_print(&t, g);
    }
    diag_print(d, stderr, false);
    fputs(text_str(&t), stdout);
    int status = diag_errors(d) > 0;
    arena_free(&a);
    return status;
}
