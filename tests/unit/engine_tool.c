/* engine_tool NET.ir [bf16]: the engine against the portable path on one network, a text of --emit=ir. Prints how far they are apart;
 * exit 1 if that is too far. */
#include "compiler/ir/print.h"
#include "compiler/oracle/oracle.h"
#include "runtime/engine/tuning.h"
#include "tests/support/engine_check.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    struct arena *a = arena_new();
    struct text in = text_new(a);
    FILE *f = argc >= 2 ? fopen(argv[1], "rb") : NULL;
    char buffer[4096];
    if (!f) {
        fprintf(stderr, "engine_tool: usage: NET.ir [bf16]\n");
        return 2;
    }
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, f)) > 0;)
        text_add_bytes(&in, buffer, n);
    fclose(f);
    struct ir_read_error error;
    const struct ir_graph *g = ir_read(a, text_str(&in), in.n, &error);
    struct plan_refusal why;
    const struct plan *p = g ? plan_lower(a, g, PLAN_CLEAR, &why) : NULL;
    if (!p) {
        fprintf(stderr, "engine_tool: %s: %s\n", argv[1], g ? why.text : error.why);
        return 2;
    }
    const struct cnas_model *m = oracle_model(a, p);
    const int bf16 = argc > 2 && !strcmp(argv[2], "bf16");
    struct cn_engine_tuning *tuning;
    if (cn_engine_tuning_new(&tuning, NULL, NULL))
        return 2;
    /* ReLU has a kink: a value within a rounding of 0 sends its gradient, or does not. That is chance: other images decide. */
    int bad = 1;
    for (uint64_t seed = 1; seed <= 3 && bad; seed++) {
        bad = 0;
        for (int remake = 0; remake < 2; remake++) {
            const struct engine_case c = {.type = bf16 ? CN_ENGINE_BF16 : CN_ENGINE_F32, .remake = remake, .threads = 2, .n = 3, .capacity = 4,
                                          .seed = seed, .tuning = tuning};
            struct engine_gap gap = {0};
            const char *wrong = engine_check(a, m, &c, &gap);
            const double most = bf16 ? 1 : 1e-3;
            printf("%s: logits %.1e inference %.1e statistics %.1e loss %.1e gradients %.1e (%s)%s%s\n", m->name, gap.logits, gap.inference,
                   gap.statistics, gap.loss, gap.gradients, gap.gradient_of, wrong ? ": " : "", wrong ? wrong : "");
            bad |= wrong || !(gap.logits < most && gap.inference < most && gap.statistics < most && gap.gradients < most);
        }
    }
    cn_engine_tuning_free(&tuning);
    arena_free(&a);
    return bad;
}
