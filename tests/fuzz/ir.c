/* Fuzz target: any bytes as the textual form of a graph, which `cnasc --from-ir` reads. What is accepted goes through everything that comes
 * after elaboration. */
#include "tests/fuzz/laws.h"

#include "compiler/ir/print.h"
#include "compiler/pass/budget.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena *a = arena_new();
    struct diag *d = diag_new(a);
    struct ir_read_error e;
    const struct ir_graph *g = ir_read(a, (const char *)bytes, n, &e);
    if (!g && !e.why)
        bug("a text is refused without a reason");
    g = g ? law_graph(a, d, g, NULL) : NULL;
    if (g)
        budget_check(a, d, g, NULL);
    law_diagnostics(a, d);
    arena_free(&a);
    return 0;
}
