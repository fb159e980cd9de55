/* Plans of random networks keep every invariant, the memory plan is tight enough to be useful, what cannot be lowered is refused
 * in words, and plan_verify notices damage. */
#include "compiler/ir/print.h"
#include "compiler/lower/memory.h"
#include "compiler/lower/plan.h"
#include "tests/support/random_net.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;

static void setup(void)
{
    arena = arena_new();
}

static void teardown(void)
{
    arena_free(&arena);
}

static const struct ir_graph *read(const char *text)
{
    struct ir_read_error e;
    const struct ir_graph *g = ir_read(arena, text, strlen(text), &e);
    ck_assert_msg(g, "%d:%d: %s\n%s", e.line, e.column, e.why, text);
    return g;
}

static const char *print(const struct plan *p)
{
    struct text t = text_new(arena);
    plan_print(&t, p);
    return text_str(&t);
}

static struct plan *lowered(const char *text)
{
    struct plan_refusal why;
    const struct plan *p = plan_lower(arena, read(text), PLAN_PRIVATE, &why);
    ck_assert_msg(p, "%s", why.text);
    const char *wrong = plan_verify(arena, p);
    ck_assert_msg(!wrong, "%s", wrong);
    struct plan *copy = ARENA_NEW(arena, struct plan);
    *copy = *p;
    return copy;
}

START_TEST(random_networks_keep_the_invariants)
{
    uint64_t seed = random_seed();
    int planned = 0, points = 0, rescales = 0, adds = 0;
    for (int i = 0; i < 400; i++, seed++) {
        struct random r = {seed};
        const struct ir_graph *g = random_network(arena, &r, 4 + i % 40);
        struct plan_refusal why;
        const struct plan *p = plan_lower(arena, g, PLAN_PRIVATE, &why);
        const struct plan *clear = plan_lower(arena, g, PLAN_CLEAR, &(struct plan_refusal){0});
        ck_assert(clear && !clear->is_private);
        const char *bad = plan_verify(arena, clear);
        ck_assert_msg(!bad, "CNAS_SEED=%" PRIu64 ": %s", seed, bad);
        if (!p) { /* the one thing that a network of this kind can lack */
            ck_assert_msg(why.only_private, "CNAS_SEED=%" PRIu64 ": %s", seed, why.text);
            continue;
        }
        const char *wrong = plan_verify(arena, p);
        ck_assert_msg(!wrong, "CNAS_SEED=%" PRIu64 ": %s\n%s", seed, wrong, print(p));
        ck_assert_msg(p->train.floats <= p->train.peak + p->train.peak / 2,
                      "CNAS_SEED=%" PRIu64 ": %" PRIu64 " floats for a peak of %" PRIu64, seed, p->train.floats, p->train.peak);
        planned++;
        points += p->n_points > 2;
        for (uint32_t k = 0; k < p->n_points; k++)
            rescales += p->points[k].kind == PLAN_POINT_RESCALE;
        for (uint32_t k = 0; k < p->n_layers; k++)
            for (uint32_t x = 0; x < p->layers[k].n_x; x++)
                adds += p->layers[k].x[x].add;
        struct plan_refusal again;
        ck_assert_str_eq(print(p), print(plan_lower(arena, g, PLAN_PRIVATE, &again)));
    }
    ck_assert_int_gt(planned, 150); /* about a half has operators without a private form */
    ck_assert_int_gt(points, 100);
    ck_assert_int_gt(rescales, 50);
    ck_assert_int_gt(adds, 50);
}
END_TEST

START_TEST(random_lifetimes_do_not_overlap)
{
    uint64_t seed = random_seed();
    for (int i = 0; i < 300; i++, seed++) {
        struct random r = {seed};
        const uint32_t n = 1 + (uint32_t)random_below(&r, 60);
        struct plan_buffer *b = ARENA_ARRAY(arena, struct plan_buffer, n);
        for (uint32_t k = 0; k < n; k++) {
            b[k] = (struct plan_buffer){
                .name = "b", .floats = 1 + (uint64_t)random_below(&r, 100), .first = (uint32_t)random_below(&r, 50)};
            b[k].last = b[k].first + (uint32_t)random_below(&r, 20);
        }
        const uint32_t pinned = random_below(&r, 2) ? (uint32_t)random_below(&r, n) : PLAN_NONE;
        struct plan_slab slab;
        memory_plan(arena, &slab, b, n, pinned);
        if (pinned != PLAN_NONE)
            ck_assert_uint_eq(b[pinned].offset, 0);
        ck_assert_uint_ge(slab.floats, slab.peak);
        for (uint32_t k = 0; k < n; k++) {
            ck_assert_uint_le(b[k].offset + b[k].floats, slab.floats);
            for (uint32_t j = 0; j < k; j++) {
                const bool together = b[k].first <= b[j].last && b[j].first <= b[k].last;
                const bool apart = b[k].offset + b[k].floats <= b[j].offset || b[j].offset + b[j].floats <= b[k].offset;
                ck_assert_msg(!together || apart, "CNAS_SEED=%" PRIu64 ": buffers %u and %u", seed, j, k);
            }
        }
    }
}
END_TEST

/* Strides multiply from operator to operator: before they overflow, a value in between becomes a point. */
START_TEST(strides_that_multiply)
{
#define WIDE(y, x) "%" y " = conv %" x " channels=1 kh=1 kw=1 stride=65535 pad_x=65535 "
    struct plan_refusal why = {0};
    const struct plan *p = plan_lower(arena, read("ir 1 network N %x = input 1x1x3 " WIDE("a", "x") WIDE("b", "a") WIDE("c", "b")
                                                  WIDE("d", "c") WIDE("e", "d") "output y = %e end"), PLAN_PRIVATE, &why);
    ck_assert_ptr_nonnull(p);
    ck_assert_pstr_eq(plan_verify(arena, p), NULL);
}
END_TEST

#define HEAD "ir 1 network N %x = input 2x6x6 "

static const struct {
    const char *text, *why;
} refused[] = {
    {HEAD "%y = relu %x %z = relu %y output a = %y output b = %z end",
     "a generated program has exactly one output, and this network has 2"},
    {HEAD "%u = input 2x6x6 %y = add %x %u output a = %y end",
     "a generated program has exactly one input, and this is the second"},
    {HEAD "%r = relu %x %f = flatten %r %b = batch_norm %f output a = %b end",
     "`batch_norm` is not available in private inference, because its input was flattened from a 2x6x6 map, whose elements no "
     "convolution treats one by one: put it before flatten"},
    {HEAD "%f = flatten %x %c = conv %x channels=8 kh=4 kw=4 %g = flatten %c %s = add %f %g output a = %s end",
     "`add` is not available in private inference, because its inputs were flattened from maps of different shapes, which no "
     "convolution joins: join them before flatten"},
    {"ir 1 network N %x = input 1x70000x1 %y = relu %x output a = %y end",
     "a map of 70000x1 is larger than the 65535 rows and columns a generated program can have"},
    {"ir 1 network N %x = input 40000 %a = linear %x features=40000 %b = linear %a features=40000 output a = %b end",
     "the network has more parameters than the 2^31 - 1 a generated program can have"},
    {"ir 1 network N %x = input 32768x200x200 %y = relu %x output a = %y end",
     "inference needs 2621440000 numbers per image, more than the 2^31 - 1 a generated program can have"},
};

START_TEST(refusals)
{
    struct plan_refusal why = {0};
    ck_assert_ptr_null(plan_lower(arena, read(refused[_i].text), PLAN_PRIVATE, &why));
    ck_assert_str_eq(why.text, refused[_i].why);
}
END_TEST

#define SMALL                                                                                                                    \
    "ir 1 network N %x = input 1x6x6 %c = conv %x channels=2 kh=3 kw=3 pad_y=1 pad_x=1 %r = relu %c %d = conv %r channels=2 "    \
    "kh=3 kw=3 "                                                                                                                 \
    "pad_y=1 pad_x=1 %s = add %d %c %g = global_avg_pool %s %f = linear %g features=3 output a = %f end"

static void noticed(const struct plan *p, const char *part)
{
    const char *wrong = plan_verify(arena, p);
    ck_assert_msg(wrong && strstr(wrong, part), "expected '%s', got '%s'", part, wrong ? wrong : "nothing");
}

START_TEST(damage_is_noticed)
{
    struct plan *p = lowered(SMALL);
    struct plan_buffer *b =
        memcpy(ARENA_ARRAY(arena, struct plan_buffer, p->train.n_buffers), p->train.buffers, p->train.n_buffers * sizeof *b);
    p->train.buffers = b;
    b[1].offset = 0;
    noticed(p, "are alive at one time and overlap");

    p = lowered(SMALL);
    b = memcpy(ARENA_ARRAY(arena, struct plan_buffer, p->infer.n_buffers), p->infer.buffers, p->infer.n_buffers * sizeof *b);
    p->infer.buffers = b;
    b[1].last = b[1].first;
    noticed(p, "outside its life");

    p = lowered(SMALL);
    struct plan_layer *l = memcpy(ARENA_ARRAY(arena, struct plan_layer, p->n_layers), p->layers, p->n_layers * sizeof *l);
    p->layers = l;
    for (uint32_t i = 0; i < p->n_layers; i++)
        if (l[i].op == PLAN_RELU)
            l[i].x = memcpy(ARENA_ARRAY(arena, struct plan_operand, 1),
                            &(struct plan_operand){.train = l[i].x->train,
                                                   .infer = l[i].x->infer,
                                                   .grad = l[i].x->grad,
                                                   .dims = l[i].x->dims,
                                                   .add = !l[i].x->add},
                            sizeof(struct plan_operand));
    noticed(p, "the gradient of operand 0");

    p = lowered(SMALL);
    struct plan_term *t = memcpy(ARENA_ARRAY(arena, struct plan_term, p->n_terms), p->terms, p->n_terms * sizeof *t);
    p->terms = t;
    t[0].pad_y = 0;
    noticed(p, "does not give its term");
    t[0].pad_y = 1;
    t[1].src = t[1].dst;
    noticed(p, "is malformed");

    p = lowered(SMALL);
    struct plan_fold *f = memcpy(ARENA_ARRAY(arena, struct plan_fold, p->n_folds), p->folds, p->n_folds * sizeof *f);
    p->folds = f;
    f[1].y = f[1].x[0];
    noticed(p, "holds nothing or is written by it");

    p = lowered(SMALL);
    p->params_trained++;
    noticed(p, "floats of trained parameters");
}
END_TEST

/* The digest names the network, not the place where it was written or how it is trained. */
START_TEST(what_the_digest_covers)
{
    const char *d = lowered("ir 1 network N %x = input 4 %y = linear %x features=2 output a = %y end")->digest;
    ck_assert_str_eq(
        d,
        lowered(
            "ir 1 network N train epochs=99 %x = input 4 at \"f\":1:1 %y = linear %x features=2 at \"g\":2:2 output a = %y end")
            ->digest);
    ck_assert_str_ne(d, lowered("ir 1 network N %x = input 4 %y = linear %x features=3 output a = %y end")->digest);
    ck_assert_str_ne(d, lowered("ir 1 network N %x = input 4 %y = linear %x features=2 bias=true output a = %y end")->digest);
    ck_assert_uint_eq(strlen(d), 64);
}
END_TEST

/* No gradient for the input or for what no parameter flows into; a padded conv over an average pool of a point composes. */
START_TEST(facts)
{
    struct plan *p = lowered("ir 1 network N %x = input 1x8x8 %p = avg_pool %x kernel=2 stride=2 pad=0 %c = conv %p channels=2 "
                             "kh=3 kw=3 pad_y=1 pad_x=1 "
                             "output a = %c end");
    ck_assert_uint_eq(p->layers[0].y.grad, PLAN_NONE);
    ck_assert_uint_eq(p->layers[1].x[0].grad, PLAN_NONE);
    ck_assert_uint_eq(p->n_points, 2);
    ck_assert_uint_eq(p->terms[0].kh, 6);
    ck_assert_uint_eq(p->terms[0].stride, 2);
    ck_assert_int_eq(p->terms[0].pad_y, 2);
    ck_assert_uint_eq(p->macs, 2 * 9 * 16);
    p = lowered("ir 1 network N %x = input 1x7x7 %p = avg_pool %x kernel=2 stride=2 pad=0 %c = conv %p channels=2 kh=3 kw=3 "
                "pad_y=1 pad_x=1 "
                "output a = %c end"); /* odd: what the pool drops would come back */
    ck_assert_uint_eq(p->n_points, 3);
    ck_assert_int_eq(p->points[1].kind, PLAN_POINT_RESCALE);
    ck_assert_str_eq(p->points[1].name, "p_rescale");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lower/plan");
    TCase *c = tcase_create("plan");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, random_networks_keep_the_invariants);
    tcase_add_test(c, random_lifetimes_do_not_overlap);
    tcase_add_test(c, strides_that_multiply);
    tcase_add_loop_test(c, refusals, 0, sizeof refused / sizeof *refused);
    tcase_add_test(c, damage_is_noticed);
    tcase_add_test(c, what_the_digest_covers);
    tcase_add_test(c, facts);
    tcase_set_timeout(c, 60);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
