#include "tests/support/random_net.h"

const struct ir_graph *random_network(struct arena *arena, struct random *r, int length)
{
    struct ir_builder *b = ir_builder_new(arena, "Random");
    const char *why;
    const int64_t side = 1 + random_below(r, 12);
    ir_id at = ir_build_input(b, "image", (struct ir_shape){3, 1 + random_below(r, 3), side, side}, NULL, (struct site){0}, &why);
    ir_id kept[64] = {at};
    uint32_t n_kept = 1;
    for (int i = 0; i < length; i++) {
        struct ir_node n = {0};
        static const enum ir_op ops[] = {IR_CONV, IR_CONV,   IR_BATCH_NORM, IR_RELU,   IR_AVG_POOL, IR_SUBSAMPLE,
                                         IR_ADD,  IR_CONCAT, IR_DROPOUT,    IR_LINEAR, IR_FLATTEN,  IR_GLOBAL_AVG_POOL};
        const enum ir_op op = ops[random_below(r, i < 3 * length / 4 ? 9 : 12)];
        ir_id in[3] = {at, kept[random_below(r, n_kept)], kept[random_below(r, n_kept)]};
        const uint32_t n_in = op == IR_ADD || op == IR_CONCAT ? 2 + (uint32_t)random_below(r, 2) : 1;
        const int64_t groups = random_below(r, 4) ? 1 : 2;
        n.dropout.rate = 0.25;
        if (op == IR_CONV)
            n.conv = (struct ir_conv){groups * (1 + random_below(r, 3)),
                                      1 + random_below(r, 3),
                                      1 + random_below(r, 3),
                                      1 + random_below(r, 8) / 6,
                                      random_below(r, 2),
                                      random_below(r, 2),
                                      1 + random_below(r, 6) / 5,
                                      groups,
                                      random_below(r, 2)};
        if (op == IR_BATCH_NORM)
            n.batch_norm = (struct ir_batch_norm){1e-5, 0.9};
        if (op == IR_AVG_POOL)
            n.avg_pool = (struct ir_pool){2, 1 + random_below(r, 2), random_below(r, 2)};
        if (op == IR_SUBSAMPLE)
            n.subsample = (struct ir_subsample){2, random_below(r, 2), random_below(r, 2)};
        if (op == IR_LINEAR)
            n.linear = (struct ir_linear){1 + random_below(r, 8), random_below(r, 2)};
        const ir_id made = ir_build(b, op, "", in, n_in, &n, (struct site){0}, &why);
        if (made == IR_NONE)
            continue;
        at = made;
        if (n_kept < 64)
            kept[n_kept++] = at;
    }
    ir_builder_output(b, "logits", at);
    return ir_builder_finish(b, NULL);
}
