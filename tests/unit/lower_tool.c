/* For golden and end-to-end tests of lower and emit alone:  lower_tool plan NET.ir  prints the plan;  lower_tool c NET.ir DIR
 * writes the generated files into DIR;  lower_tool random SEED DIR  those of a random network, and its graph, random.ir. The base
 * name of NET.ir stands for the source file. A network without a private form is lowered for the clear programs alone. Exit 1 with
 * a sentence if it cannot be done. */
#include "compiler/emit/emit.h"
#include "compiler/ir/print.h"
#include "compiler/lower/plan.h"
#include "tests/support/random_net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "lower_tool: %s: %s\n", what, why);
    return 1;
}

static int write_files(struct arena *a, const struct plan *p, const char *source, const char *dir)
{
    const struct emit_files files = emit_c(a, p, &(struct emit_options){.targets = p->is_private ? EMIT_ALL : EMIT_TRAIN | EMIT_CLEAR_INFER, .version = "0.0.0", .source = source, .command = ""});
    for (size_t i = 0; i < files.n; i++) {
        const char *path = arena_printf(a, "%s/%s", dir, files.at[i].name);
        FILE *f = fopen(path, "wb");
        if (!f || fwrite(files.at[i].bytes, 1, files.at[i].n, f) != files.at[i].n || fclose(f) != 0)
            return fail(path, "cannot write");
    }
    return 0;
}

static int write_graph(struct arena *a, const struct ir_graph *g, const char *dir)
{
    const char *path = arena_printf(a, "%s/random.ir", dir);
    struct text out = text_new(a);
    ir_print(&out, g);
    FILE *f = fopen(path, "wb");
    return !f || fwrite(text_str(&out), 1, out.n, f) != out.n || fclose(f) != 0 ? fail(path, "cannot write") : 0;
}

static const struct ir_graph *read_graph(struct arena *a, const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        fail(path, "cannot read");
        return NULL;
    }
    struct text in = text_new(a);
    char buffer[4096];
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, f)) > 0;)
        text_add_bytes(&in, buffer, n);
    fclose(f);
    struct ir_read_error e;
    const struct ir_graph *g = ir_read(a, text_str(&in), in.n, &e);
    if (!g)
        fail(path, e.why);
    return g;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    const bool plan = argc == 3 && strcmp(what, "plan") == 0, c = argc == 4 && strcmp(what, "c") == 0,
               random = argc == 4 && strcmp(what, "random") == 0;
    if (!plan && !c && !random)
        return fail("usage", "plan NET.ir, or c NET.ir DIR, or random SEED DIR");
    struct arena *a = arena_new();
    struct random r = {random ? strtoull(argv[2], NULL, 0) : 0};
    const struct ir_graph *g = random ? random_network(a, &r, 24) : read_graph(a, argv[2]);
    if (!g)
        return 1;
    struct plan_refusal why = {0};
    const struct plan *p = plan_lower(a, g, PLAN_PRIVATE, &why);
    if (!p && why.only_private)
        p = plan_lower(a, g, PLAN_CLEAR, &why);
    if (!p)
        return fail(argv[2], why.text);
    const char *wrong = plan_verify(a, p);
    if (wrong)
        return fail(argv[2], wrong);
    int rc = 0;
    if (plan) {
        struct text out = text_new(a);
        plan_print(&out, p);
        fwrite(text_str(&out), 1, out.n, stdout);
    } else {
        const char *slash = strrchr(argv[2], '/');
        rc = write_files(a, p, slash ? slash + 1 : argv[2], argv[3]);
        if (random && rc == 0)
            rc = write_graph(a, g, argv[3]);
    }
    arena_free(&a);
    return rc;
}
