#include "tests/unit/random_ir.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

uint64_t random_seed(void)
{
    const char *s = getenv("CNAS_SEED");
    return s ? strtoull(s, NULL, 0) : 20201;
}

uint64_t random_next(struct random *r) /* splitmix64 */
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

int64_t random_below(struct random *r, int64_t n)
{
    return (int64_t)(random_next(r) % (uint64_t)n);
}

static bool coin(struct random *r)
{
    return random_below(r, 2);
}

/* Any finite double in (0, 1), full mantissa, many exponents. */
static double fraction(struct random *r)
{
    return ldexp((double)(random_next(r) >> 11 | 1), -53 - (int)random_below(r, 40));
}

static struct site random_site(struct arena *a, struct random *r)
{
    static const char *const files[] = {"net.cnas", "a \"quoted\" \\ name", "tab\there", "\xc3\xa9.cnas", "line\nbreak", "bell\x07"};
    struct site s = {.file = files[random_below(r, 6)], .line = (int)random_below(r, 1000), .column = (int)random_below(r, 100)};
    if (random_below(r, 3) == 0) {
        struct site *from = ARENA_NEW(a, struct site);
        *from = random_site(a, r);
        s.from = from;
        s.block = coin(r) ? "basic" : NULL;
    }
    return random_below(r, 5) ? s : (struct site){0};
}

static struct ir_node random_attr(struct random *r, enum ir_op op)
{
    struct ir_node n = {.keep = random_below(r, 8) == 0, .prune = random_below(r, 8) == 0};
    switch (op) {
    case IR_CONV: {
        int64_t groups = coin(r) ? 1 : 1 + random_below(r, 4);
        n.conv = (struct ir_conv){groups * (1 + random_below(r, 8)), 1 + random_below(r, 5), 1 + random_below(r, 5), 1 + random_below(r, 3),
                                  random_below(r, 3),                random_below(r, 3),     1 + random_below(r, 2), groups, coin(r)};
        break;
    }
    case IR_LINEAR:
        n.linear = (struct ir_linear){1 + random_below(r, 50), coin(r)};
        break;
    case IR_BATCH_NORM:
        n.batch_norm = (struct ir_batch_norm){fraction(r), fraction(r)};
        break;
    case IR_AVG_POOL:
        n.avg_pool = (struct ir_pool){1 + random_below(r, 4), 1 + random_below(r, 3), random_below(r, 2)};
        break;
    case IR_SUBSAMPLE:
        n.subsample = (struct ir_subsample){1 + random_below(r, 3), random_below(r, 3), random_below(r, 3)};
        break;
    case IR_MAX_POOL:
        n.max_pool = (struct ir_pool){1 + random_below(r, 4), 1 + random_below(r, 3), random_below(r, 2)};
        break;
    case IR_UPSAMPLE:
        n.upsample.factor = 1 + random_below(r, 3);
        break;
    case IR_SLICE:
        n.slice = (struct ir_slice){random_below(r, 2), 1 + random_below(r, 2), random_below(r, 2), 1 + random_below(r, 3), random_below(r, 2), 1 + random_below(r, 3)};
        break;
    case IR_PAD:
        n.pad = (struct ir_pad){random_below(r, 4) - 1, random_below(r, 4) - 1, random_below(r, 4) - 1, random_below(r, 4) - 1};
        break;
    case IR_RESHAPE:
        n.reshape = coin(r) ? (struct ir_reshape){1 + random_below(r, 30), 0, 0} : (struct ir_reshape){1 + random_below(r, 6), 1 + random_below(r, 3), 1};
        break;
    case IR_DROPOUT:
        n.dropout.rate = fraction(r);
        break;
    default:
        break;
    }
    return n;
}

static void random_budgets(struct arena *a, struct random *r, struct ir_builder *b)
{
    for (int64_t i = random_below(r, 4); i > 0; i--) {
        struct ir_budget budget = {.scope = coin(r) ? "network \"N\"" : "block basic", .limit = random_below(r, 1 << 20), .site = random_site(a, r)};
        if (coin(r)) {
            uint32_t n = (uint32_t)random_below(r, 10);
            ir_id *nodes = ARENA_ARRAY(a, ir_id, n);
            for (uint32_t k = 0; k < n; k++)
                nodes[k] = (ir_id)random_below(r, ir_builder_count(b));
            budget.nodes = nodes;
            budget.n_nodes = n;
        }
        ir_builder_budget(b, budget);
    }
}

const struct ir_graph *random_graph(struct arena *a, uint64_t seed, int wished_nodes)
{
    struct random random = {seed}, *r = &random;
    struct ir_builder *b = ir_builder_new(a, coin(r) ? "Net" : "_n3t");
    const char *why;
    for (int64_t i = 1 + random_below(r, 2); i > 0; i--) {
        struct ir_shape s = coin(r) ? (struct ir_shape){3, 1 + random_below(r, 6), 1 + random_below(r, 20), 1 + random_below(r, 20)}
                                    : (struct ir_shape){1, 1 + random_below(r, 30), 1, 1};
        double *mean = ARENA_ARRAY(a, double, (size_t)s.c), *std = ARENA_ARRAY(a, double, (size_t)s.c);
        for (int64_t c = 0; c < s.c; c++) {
            mean[c] = coin(r) ? -fraction(r) : -0.0;
            std[c] = fraction(r);
        }
        ir_build_input(b, "image", s, coin(r) ? &(struct ir_input){mean, std} : NULL, random_site(a, r), &why);
    }
    /* Half of the attempts do not fit; a refusal records nothing. */
    for (int i = 0; i < 20 * wished_nodes && ir_builder_count(b) < (uint32_t)wished_nodes; i++) {
        enum ir_op op = (enum ir_op)(1 + random_below(r, IR_OP_COUNT - 1));
        ir_id in[4];
        uint32_t n_in = op == IR_ADD || op == IR_CONCAT ? 1 + (uint32_t)random_below(r, 4) : 1;
        for (uint32_t k = 0; k < n_in; k++)
            in[k] = k && coin(r) ? in[0] : (ir_id)random_below(r, ir_builder_count(b));
        struct ir_node attr = random_attr(r, op);
        static const char *const names[] = {"", "Stage1", "conv", "x", "a_very_long_name_that_has_to_be_cut_because_it_is_longer_than_64_bytes"};
        ir_build(b, op, names[random_below(r, 5)], in, n_in, &attr, random_site(a, r), &why);
    }
    for (int64_t i = 1 + random_below(r, 3); i > 0; i--)
        ir_builder_output(b, coin(r) ? "logits" : "", ir_builder_count(b) - 1 - (ir_id)random_below(r, ir_builder_count(b) < 4 ? 1 : 4));
    random_budgets(a, r, b);
    struct ir_train t = {1 + fraction(r), fraction(r), fraction(r), fraction(r), coin(r), 1 + random_below(r, 500), 1 + random_below(r, 500),
                         random_below(r, 20), 1 + random_below(r, 4),
                         .optimizer = random_below(r, 2), .schedule = random_below(r, 4), .beta1 = fraction(r), .beta2 = fraction(r),
                         .epsilon = 0.1 + fraction(r), .decoupled = coin(r), .decay_all = coin(r), .bias_lr = 0.5 + fraction(r),
                         .warmup = fraction(r), .by_epoch = coin(r), .cycle_up = fraction(r), .cycle_start = fraction(r),
                         .cycle_cosine = coin(r), .step_factor = fraction(r), .label_smoothing = fraction(r), .ema = fraction(r),
                         .clip = fraction(r), .augment_flip = coin(r), .augment_crop = random_below(r, 5),
                         .augment_cutout = random_below(r, 17)};
    for (int64_t i = 0, n = random_below(r, IR_MILESTONES + 1); i < n; i++)
        t.milestones[i] = 1 + 10 * i + random_below(r, 10);
    if (coin(r))
        ir_builder_train(b, &t);
    for (int64_t i = random_below(r, 3); i > 0; i--)
        ir_builder_wish(b, (struct ir_wish){coin(r) ? "shuffle" : "_x9", coin(r) ? "" : "skips,cull=2", random_site(a, r)});
    struct ir_private p = {(enum ir_protocol)random_below(r, 2), (enum ir_network)random_below(r, 2), coin(r) ? 0 : 16 + random_below(r, 45),
                           random_below(r, 31)};
    if (coin(r))
        ir_builder_private(b, &p);
    return ir_builder_finish(b, NULL);
}
