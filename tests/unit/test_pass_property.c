/* Every pass of pass.def keeps its laws on random graphs, and so do the passes together. */
#include "compiler/pass/pass.h"
#include "tests/support/pass_claims.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 2000, FEW = 300 }; /* with fewer (CNAS_COUNT), how often something comes says nothing */

static struct arena *arena;

static void setup(void)
{
    arena = arena_new();
}

static void teardown(void)
{
    arena_free(&arena);
}

static void say(const char *name, const struct pass_seen *seen)
{
    printf("%s: %d graphs of %d nodes, %d changed, %d outputs compared, %d of them telling, %" PRId64 " of %" PRId64 " ReLUs left\n", name,
           seen->graphs, seen->nodes / seen->graphs, seen->changed, seen->compared, seen->telling, seen->relus_after, seen->relus_before);
}

/* Enough cases, with outputs that say something of the images. */
static void expect_cases(const struct pass_property *p, const struct pass_seen *seen)
{
    ck_assert_int_eq(seen->refused, 0);
    if (p->function == FUNCTION_CHANGES || seen->graphs < FEW)
        return;
    ck_assert_int_gt(10 * seen->telling, 8 * seen->compared);
    ck_assert_int_gt(seen->compared, 50 * seen->overflowed);
}

START_TEST(every_pass_keeps_its_laws)
{
    size_t n;
    const struct pass_claim *c = &pass_claims(&n)[_i];
    const struct pass_property p = pass_claim_property(c);
    struct pass_seen seen;
    const char *wrong = pass_property_run(arena, &p, MANY, &seen);
    ck_assert_msg(!wrong, "%s", wrong);
    say(c->pass, &seen);
    expect_cases(&p, &seen);
    ck_assert(100 * seen.changed >= c->changed * seen.graphs || seen.graphs < FEW);
}
END_TEST

/* A pass that is in pass.def and not in pass_claims.c would go untested. */
START_TEST(every_pass_has_claims)
{
    size_t n;
    const struct pass_claim *claims = pass_claims(&n);
    for (size_t i = 0; i < pass_count(); i++) {
        bool found = false;
        for (size_t k = 0; k < n; k++)
            found = found || strcmp(claims[k].pass, pass_at(i)->name) == 0;
        ck_assert_msg(found, "tests/support/pass_claims.c does not say what %s claims", pass_at(i)->name);
    }
}
END_TEST

/* All passes that run by themselves, on the graph with everything that no output needs. */
static const struct ir_graph *run_pipeline(void *context, struct arena *a, const struct ir_graph *g)
{
    const struct pass_settings settings = {.level_given = true, .level = *(const int *)context};
    struct diag *d = diag_new(a);
    struct pass_trace trace;
    const struct ir_graph *h = pass_all(a, d, g->whole ? g->whole : g, &settings, &trace);
    if (!h)
        bug("the passes refuse a random graph");
    return h;
}

START_TEST(pipelines)
{
    int level = _i;
    /* Not idempotent: each pass may make work for those before it. */
    struct pass_property p = {.name = "-O", .run = run_pipeline, .context = &level, .function = FUNCTION_SAME, .relus_never_rise = true};
    struct pass_seen seen;
    for (size_t i = 0; i < pass_count(); i++)
        ck_assert_msg(pass_at(i)->level > level || pass_at(i)->kind == PASS_EXACT || pass_at(i)->kind == PASS_MARKS, "%s changes numbers", pass_at(i)->name);
    const char *wrong = pass_property_run(arena, &p, MANY, &seen);
    ck_assert_msg(!wrong, "%s", wrong);
    say("pipeline", &seen);
    expect_cases(&p, &seen);
}
END_TEST

/* What no output needs goes, and nothing else: what is left is the graph that the builder leaves. */
static const struct ir_graph *run_dce(void *context, struct arena *a, const struct ir_graph *g)
{
    const struct pass_args none = {0};
    struct remarks remarks = {.arena = a};
    struct pass_context c = {.arena = a, .args = &none, .remarks = &remarks, .diag = diag_new(a)};
    *(int *)context += g->whole != NULL;
    return pass_dce(&c, g->whole ? g->whole : g);
}

START_TEST(dce_leaves_out_what_no_output_needs)
{
    int dead = 0;
    const struct pass_property p = {.name = "dce", .run = run_dce, .context = &dead, .function = FUNCTION_SAME, .idempotent = true, .relus_never_rise = true};
    struct pass_seen seen;
    const char *wrong = pass_property_run(arena, &p, FEW, &seen);
    ck_assert_msg(!wrong, "%s", wrong);
    ck_assert_int_eq(seen.changed, 0);
    ck_assert(dead > seen.graphs / 10 || seen.graphs < FEW);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pass_property");
    TCase *t = tcase_create("laws");
    tcase_set_timeout(t, 7200);
    tcase_add_checked_fixture(t, setup, teardown);
    size_t n;
    pass_claims(&n);
    tcase_add_loop_test(t, every_pass_keeps_its_laws, 0, (int)n);
    tcase_add_test(t, every_pass_has_claims);
    tcase_add_loop_test(t, pipelines, 0, 2);
    tcase_add_test(t, dce_leaves_out_what_no_output_needs);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
