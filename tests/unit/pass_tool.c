/* pass_tool NET.ir: holds every pass to its laws on one network, a text of --emit=ir. One line for each law that is broken; exit 1. */
#include "compiler/ir/print.h"
#include "tests/support/pass_claims.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    struct arena *a = arena_new();
    struct text in = text_new(a);
    FILE *f = argc == 2 ? fopen(argv[1], "rb") : NULL;
    char buffer[4096];
    if (!f) {
        fprintf(stderr, "pass_tool: usage: NET.ir\n");
        return 2;
    }
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, f)) > 0;)
        text_add_bytes(&in, buffer, n);
    fclose(f);
    struct ir_read_error e;
    const struct ir_graph *g = ir_read(a, text_str(&in), in.n, &e);
    if (!g) {
        fprintf(stderr, "pass_tool: %s:%d: %s\n", argv[1], e.line, e.why);
        return 2;
    }
    int broken = 0;
    size_t n;
    const struct pass_claim *claims = pass_claims(&n);
    for (size_t i = 0; i < n; i++) {
        struct pass_property p = pass_claim_property(&claims[i]);
        p.skip_unchanged = true;
        struct pass_seen seen = {0};
        const char *wrong = pass_property_one(a, &p, g, 1, &seen);
        if (!wrong && p.function != FUNCTION_CHANGES && seen.changed && seen.telling != (int)g->n_outputs)
            wrong = "the outputs do not depend on the image, so nothing was compared";
        if (wrong)
            printf("%s: %s\n", claims[i].pass, wrong);
        else
            printf("%s: %lld of %lld ReLUs left\n", claims[i].pass, (long long)seen.relus_after, (long long)seen.relus_before);
        broken += wrong != NULL;
    }
    arena_free(&a);
    return broken != 0;
}
