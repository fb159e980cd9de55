#include "tests/support/random_net.h"

const struct ir_graph *random_network(struct arena *arena, struct random *r, int length)
{
    struct ir_builder *b = ir_builder_new(arena, "Random");
    const char *why;
    const int64_t side = 1 + random_below(r, 12);
    ir_id at = ir_build_input(b, "image", (struct ir_shape){3, 1 + random_below(r, 3), side, side}, NULL, (struct site){0}, &why);
    ir_id kept[64] = {at};
    uint32_t n_kept = 1;
    const bool clear = random_below(r, 3) == 0; /* with operators that have no private form */
    int squares = 0;
    for (int i = 0; i < length; i++) {
        struct ir_node n = {0};
        static const enum ir_op ops[] = {IR_CONV, IR_CONV,   IR_BATCH_NORM, IR_RELU, IR_AVG_POOL, IR_SUBSAMPLE, IR_SLICE,
                                         IR_PAD,  IR_ADD,    IR_CONCAT,     IR_DROPOUT, IR_MAX_POOL,
                                         IR_LINEAR, IR_FLATTEN, IR_GLOBAL_AVG_POOL, IR_RESHAPE};
        static const enum ir_op only_clear[] = {IR_POLY2, IR_UPSAMPLE, IR_SQUARE};
        const enum ir_op op = clear && i % 5 == 4 ? only_clear[random_below(r, squares ? 2 : 3)] : ops[random_below(r, i < 3 * length / 4 ? 12 : 16)];
        squares += op == IR_SQUARE || op == IR_POLY2; /* not too many, so that values stay near 1 */
        const struct ir_shape now = ir_builder_node(b, at)->shape;
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
        if (op == IR_MAX_POOL)
            n.max_pool = (struct ir_pool){2 + random_below(r, 2), 1 + random_below(r, 2), random_below(r, 8) / 7};
        if (op == IR_UPSAMPLE)
            n.upsample.factor = 2;
        if (op == IR_SUBSAMPLE)
            n.subsample = (struct ir_subsample){2, random_below(r, 2), random_below(r, 2)};
        if (op == IR_SLICE) { /* never more than a row, a column or half of the channels away, so that something stays */
            const int64_t first = random_below(r, now.c), row = now.h > 3 ? random_below(r, 2) : 0, column = now.w > 3 ? random_below(r, 2) : 0;
            n.slice = (struct ir_slice){now.c > 2 ? first / 2 : 0, now.c > 2 ? now.c - first / 2 - first / 4 : now.c, row, now.h - row, column,
                                        now.w - column};
        }
        if (op == IR_PAD)
            n.pad = (struct ir_pad){random_below(r, 3) - (now.h > 2), random_below(r, 3) - (now.h > 2), random_below(r, 3) - (now.w > 2), random_below(r, 3)};
        if (op == IR_RESHAPE) /* to a vector, or back to a map that it may have been */
            n.reshape = now.rank == 3 ? (struct ir_reshape){now.c * now.h * now.w, 0, 0} : (struct ir_reshape){now.c, 1, 1};
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
