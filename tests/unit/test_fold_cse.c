/* constant-fold and cse, rule by rule: what each does, and where it must not. That they keep the function is tested on random
 * graphs, in test_pass_property.c. */
#include "tests/unit/pass_text.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define X "ir 1 network N %x = input 4x6x6 "
#define FOLDS(text, want) pass_gives(pass_constant_fold, X text " end", X want " end")
#define FOLD_LEAVES(text) pass_leaves(pass_constant_fold, X text " end")
#define MERGES(text, want) pass_gives(pass_cse, X text " end", X want " end")
#define MERGE_LEAVES(text) pass_leaves(pass_cse, X text " end")

/* --- constant-fold --- */

START_TEST(reshapes)
{
    FOLDS("%a = reshape %x c=4 h=6 w=6 output y = %a", "output y = %x");
    FOLDS("%a = reshape %x c=2 h=9 w=8 %b = reshape %a c=1 h=12 w=12 output y = %b",
          "%b = reshape %x c=1 h=12 w=12 output y = %b");
    FOLDS("%a = flatten %x %b = reshape %a c=4 h=6 w=6 output y = %b", "output y = %x");
    FOLDS("%a = reshape %x c=2 h=9 w=8 %b = flatten %a output y = %b", "%b = flatten %x output y = %b");
    FOLDS("%a = flatten %x %b = flatten %a output y = %b output z = %a", "%a = flatten %x output y = %a output z = %a");
    FOLDS("%a = reshape %x c=144 h=1 w=1 %b = flatten %a %c = reshape %b c=144 output y = %c", "%b = flatten %x output y = %b");
    FOLD_LEAVES("%a = reshape %x c=144 h=1 w=1 output y = %a"); /* a map of 1x1 is no vector */
    FOLD_LEAVES("%a = flatten %x %r = relu %a %b = reshape %r c=4 h=6 w=6 output y = %b");
}
END_TEST

START_TEST(slices)
{
    FOLDS("%a = slice %x channels=4 rows=6 columns=6 output y = %a", "output y = %x");
    FOLDS("%a = slice %x channel=1 channels=3 row=2 rows=4 column=1 columns=5 %b = slice %a channel=1 channels=2 row=1 rows=2 "
          "column=3 columns=2 output y = %b",
          "%b = slice %x channel=2 channels=2 row=3 rows=2 column=4 columns=2 output y = %b");
    FOLDS("%a = slice %x channel=1 channels=2 row=2 rows=3 columns=5 %b = slice %a channels=2 rows=3 columns=5 output y = %b",
          "%a = slice %x channel=1 channels=2 row=2 rows=3 columns=5 output y = %a");
}
END_TEST

START_TEST(slices_of_concat)
{
#define TWO "%u = conv %x channels=2 kh=1 kw=1 %v = conv %x channels=3 kh=1 kw=1 %c = concat %u %v "
    FOLDS(TWO "%s = slice %c channels=2 rows=6 columns=6 %t = slice %c channel=2 channels=3 rows=6 columns=6 output y = %s "
              "output z = %t",
          "%u = conv %x channels=2 kh=1 kw=1 %v = conv %x channels=3 kh=1 kw=1 output y = %u output z = %v");
    FOLDS(TWO "%s = slice %c channel=3 channels=1 row=1 rows=5 columns=6 output y = %s",
          "%v = conv %x channels=3 kh=1 kw=1 %s = slice %v channel=1 channels=1 row=1 rows=5 columns=6 output y = %s");
    FOLD_LEAVES(TWO "%s = slice %c channel=1 channels=2 rows=6 columns=6 output y = %s"); /* of both */
    FOLDS(TWO
          "%s = slice %c channel=1 channels=3 rows=6 columns=6 %t = slice %s channel=1 channels=2 rows=6 columns=6 output y = %t",
          "%v = conv %x channels=3 kh=1 kw=1 %t = slice %v channels=2 rows=6 columns=6 output y = %t");
}
END_TEST

START_TEST(kept_relus_are_still_read)
{
    FOLD_LEAVES(TWO "%r = relu %u keep %d = concat %r %c %s = slice %d channel=2 channels=5 rows=6 columns=6 output y = %s");
    FOLDS(TWO
          "%r = relu %u keep %d = concat %r %c %s = slice %d channel=2 channels=5 rows=6 columns=6 output y = %s output z = %r",
          TWO "%r = relu %u keep output y = %c output z = %r");
}
END_TEST

START_TEST(parts_side_by_side)
{
    FOLDS("%a = slice %x channels=1 rows=6 columns=6 %b = slice %x channel=1 channels=3 rows=6 columns=6 %c = concat %a %b "
          "output y = %c",
          "output y = %x");
    FOLDS("%a = slice %x channel=1 channels=1 rows=2 columns=6 %b = slice %x channel=2 channels=2 rows=2 columns=6 %c = concat "
          "%a %b output y = %c",
          "%c = slice %x channel=1 channels=3 rows=2 columns=6 output y = %c");
    FOLD_LEAVES("%a = slice %x channels=1 rows=6 columns=6 %b = slice %x channel=1 channels=3 rows=6 columns=6 %c = concat %b %a "
                "output y = %c");
    FOLD_LEAVES("%a = slice %x channels=1 rows=6 columns=6 %b = slice %x channel=2 channels=2 rows=6 columns=6 %c = concat %a %b "
                "output y = %c");
    FOLD_LEAVES("%a = slice %x channels=1 rows=3 columns=6 %b = slice %x channel=1 channels=3 row=1 rows=3 columns=6 %c = concat "
                "%a %b output y = %c");
    FOLD_LEAVES("%n = batch_norm %x %a = slice %x channels=1 rows=6 columns=6 %b = slice %n channel=1 channels=3 rows=6 "
                "columns=6 %c = concat %a %b output y = %c");
    FOLDS("%c = concat %x output y = %c", "output y = %x");
}
END_TEST

START_TEST(pads)
{
    FOLDS("%a = pad %x top=0 output y = %a", "output y = %x");
    FOLDS("%a = pad %x top=1 left=2 %b = pad %a top=2 bottom=1 right=3 output y = %b",
          "%b = pad %x top=3 bottom=1 left=2 right=3 output y = %b");
    FOLDS("%a = pad %x top=2 left=2 %b = pad %a top=-1 left=-3 output y = %b", "%b = pad %x top=1 left=-1 output y = %b");
    FOLDS("%a = pad %x top=2 %b = pad %a top=-2 output y = %b", "output y = %x");
    FOLDS("%a = pad %x top=-1 %b = pad %a top=-2 output y = %b", "%b = pad %x top=-3 output y = %b");
    FOLD_LEAVES("%a = pad %x top=-1 %b = pad %a top=1 output y = %b");    /* zeros where there was something */
    FOLD_LEAVES("%a = pad %x bottom=9 %b = pad %a top=-7 output y = %b"); /* zeros of the other side are all that is left */
    FOLDS("%a = pad %x top=2 left=1 %b = slice %a channels=3 row=3 rows=4 column=1 columns=6 output y = %b",
          "%b = slice %x channels=3 row=1 rows=4 columns=6 output y = %b");
    FOLDS("%a = pad %x top=-2 %b = slice %a channels=4 row=1 rows=3 columns=6 output y = %b",
          "%b = slice %x channels=4 row=3 rows=3 columns=6 output y = %b");
    FOLD_LEAVES("%a = pad %x top=2 %b = slice %a channels=4 row=1 rows=4 columns=6 output y = %b");
    FOLD_LEAVES("%a = pad %x right=2 %b = slice %a channels=4 rows=6 column=1 columns=6 output y = %b");
    FOLDS("%a = pad %x right=2 %b = slice %a channels=4 rows=6 columns=6 output y = %b", "output y = %x");
}
END_TEST

START_TEST(samplings)
{
    FOLDS("%a = subsample %x stride=1 output y = %a", "output y = %x");
    FOLDS("%a = subsample %x stride=2 offset_y=1 %b = subsample %a stride=2 offset_y=1 offset_x=1 output y = %b",
          "%b = subsample %x stride=4 offset_y=3 offset_x=2 output y = %b");
    FOLDS("%a = upsample %x factor=2 %b = upsample %a factor=3 output y = %b", "%b = upsample %x factor=6 output y = %b");
    FOLDS("%a = upsample %x factor=1 output y = %a", "output y = %x");
    FOLDS("%a = upsample %x factor=3 %b = subsample %a stride=3 offset_y=2 offset_x=1 output y = %b", "output y = %x");
    FOLD_LEAVES("%a = upsample %x factor=3 %b = subsample %a stride=2 output y = %b");
    FOLD_LEAVES("%a = upsample %x factor=2 %b = subsample %a stride=2 offset_x=2 output y = %b");
    FOLD_LEAVES("%a = subsample %x stride=2 %b = upsample %a factor=2 output y = %b"); /* what was left out is lost */
    FOLD_LEAVES("%a = subsample %x stride=1 offset_y=1 output y = %a");
    FOLD_LEAVES("%a = subsample %x stride=5 %b = subsample %a stride=1073741824 output y = %b"); /* no such stride */
    FOLDS("%a = subsample %x stride=6 %b = subsample %a stride=4 output y = %b", "%a = subsample %x stride=6 output y = %a");
}
END_TEST

START_TEST(pools)
{
    FOLDS("%a = avg_pool %x kernel=1 stride=2 output y = %a", "%a = subsample %x stride=2 output y = %a");
    FOLDS("%a = max_pool %x kernel=1 stride=1 output y = %a", "output y = %x");
    FOLDS("%a = max_pool %x kernel=1 stride=3 %b = avg_pool %a kernel=1 stride=2 output y = %b",
          "%b = subsample %x stride=6 output y = %b");
    FOLDS("%a = max_pool %x kernel=6 stride=1 %b = global_avg_pool %a %c = reshape %b c=2 h=2 w=1 %d = flatten %c %e = max_pool "
          "%x kernel=6 stride=1 %f = global_max_pool %e "
          "output y = %d output z = %f",
          "%a = max_pool %x kernel=6 stride=1 %d = flatten %a %e = max_pool %x kernel=6 stride=1 %f = flatten %e output y = %d "
          "output z = %f");
    FOLD_LEAVES("%a = avg_pool %x kernel=2 stride=2 %b = global_avg_pool %a output y = %b");
}
END_TEST

START_TEST(dropouts)
{
    FOLDS("%a = dropout %x rate=0 output y = %a", "output y = %x");
    FOLDS("%a = dropout %x rate=1e-300 output y = %a", "output y = %x"); /* 0 as a float */
    FOLD_LEAVES("%a = dropout %x rate=1e-6 output y = %a");
}
END_TEST

START_TEST(folding_leaves_the_rest)
{
    FOLD_LEAVES("%r = relu %x %s = relu %r %a = add %s %s %c = conv %a channels=1 kh=1 kw=1 %n = batch_norm %c output y = %n");
    const char *said;
    const struct ir_graph *g =
        pass_over(pass_constant_fold,
                  X "%a = flatten %x %b = reshape %a c=2 h=12 w=6 %c = conv %b channels=2 kh=1 kw=1 %r = relu %c "
                    "%d = dropout %r rate=0 output y = %d budget \"some\" limit=144 nodes=[%a %b %r %d] end",
                  &said);
    ck_assert_str_eq(said, "pass 0 reshape `b` is a reshape of `x`\npass 0 dropout `d` is `r`\n");
    ck_assert_str_eq(g->outputs[0].name, "y");
    ck_assert_str_eq(g->nodes[g->outputs[0].node].name, "r");
    ck_assert_uint_eq(g->budgets[0].n_nodes, 2); /* b and r */
}
END_TEST

/* --- cse --- */

START_TEST(equal_operators)
{
    static const char *const equal[] = {
        "relu %x",
        "square %x",
        "avg_pool %x kernel=2 stride=2",
        "max_pool %x kernel=2 stride=2",
        "global_avg_pool %x",
        "flatten %x",
        "add %x %x",
        "subsample %x stride=2 offset_x=1",
        "upsample %x factor=2",
        "slice %x channel=1 channels=1 rows=6 columns=6",
        "pad %x top=1",
        "concat %x %x",
        "reshape %x c=2 h=9 w=8",
        "global_max_pool %x",
    };
    for (size_t i = 0; i < sizeof equal / sizeof *equal; i++) {
        const char *text =
                       arena_printf(pass_arena, "%s%%a = %s %%b = %s output y = %%a output z = %%b end", X, equal[i], equal[i]),
                   *want = arena_printf(pass_arena, "%s%%a = %s output y = %%a output z = %%a end", X, equal[i]);
        pass_gives(pass_cse, text, want);
    }
}
END_TEST

START_TEST(chains_of_equals)
{
    MERGES("%a = relu %x %b = relu %x %c = avg_pool %a kernel=2 stride=2 %d = avg_pool %b kernel=2 stride=2 %s = add %c %d "
           "output y = %s",
           "%a = relu %x %c = avg_pool %a kernel=2 stride=2 %s = add %c %c output y = %s");
    MERGES("%a = relu %x %s = add %a %x %t = add %x %a output y = %s output z = %t",
           "%a = relu %x %s = add %a %x output y = %s output z = %s");
}
END_TEST

START_TEST(what_differs_stays)
{
    MERGE_LEAVES("%a = avg_pool %x kernel=2 stride=2 %b = avg_pool %x kernel=2 stride=1 %c = max_pool %x kernel=2 stride=2 "
                 "output y = %a output z = %b output w = %c");
    MERGE_LEAVES("%a = conv %x channels=1 kh=1 kw=1 %b = conv %x channels=1 kh=1 kw=1 output y = %a output z = %b"); /* their own
                                                                                                                        weights */
    MERGE_LEAVES("%a = batch_norm %x %b = batch_norm %x output y = %a output z = %b");
    MERGE_LEAVES("%a = poly2 %x %b = poly2 %x output y = %a output z = %b");
    MERGE_LEAVES("%f = flatten %x %a = linear %f features=1 %b = linear %f features=1 output y = %a output z = %b");
    MERGE_LEAVES("%a = dropout %x rate=0.5 %b = dropout %x rate=0.5 output y = %a output z = %b"); /* their own choice */
    MERGE_LEAVES(
        "%a = relu %x %b = square %x %s = add %a %b %x %t = add %x %b %a output y = %s output z = %t"); /* floats round */
    MERGE_LEAVES("%a = relu %x %c = concat %a %x %d = concat %x %a output y = %c output z = %d");
}
END_TEST

START_TEST(marks_of_equals)
{
    MERGE_LEAVES("%a = relu %x %b = relu %x keep output y = %a output z = %b");
    MERGES("%a = relu %x keep %b = relu %x output y = %a output z = %b", "%a = relu %x keep output y = %a output z = %a");
    MERGES("%a = relu %x prune %b = relu %x output y = %a output z = %b", "%a = relu %x output y = %a output z = %a");
    MERGES("%a = relu %x %b = relu %x prune output y = %a output z = %b", "%a = relu %x output y = %a output z = %a");
    MERGES("%a = relu %x prune %b = relu %x prune output y = %a output z = %b", "%a = relu %x prune output y = %a output z = %a");
}
END_TEST

START_TEST(merging_is_told)
{
    const char *said;
    pass_over(pass_cse,
              X "%a = relu %x %b = relu %x %m = max_pool %a kernel=2 stride=2 %n = max_pool %b kernel=2 stride=2 output y = %m "
                "output z = %n end",
              &said);
    ck_assert_str_eq(said, "pass 144 relu `b` is `a`, which is computed once for both: 144 ReLUs saved\npass 108 max_pool `n` is "
                           "`m`, which is computed once for both: 108 ReLUs saved\n");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("fold_cse");
    TCase *t = tcase_create("constant_fold");
    tcase_add_checked_fixture(t, pass_setup, pass_teardown);
    tcase_add_test(t, reshapes);
    tcase_add_test(t, slices);
    tcase_add_test(t, slices_of_concat);
    tcase_add_test(t, kept_relus_are_still_read);
    tcase_add_test(t, parts_side_by_side);
    tcase_add_test(t, pads);
    tcase_add_test(t, samplings);
    tcase_add_test(t, pools);
    tcase_add_test(t, dropouts);
    tcase_add_test(t, folding_leaves_the_rest);
    suite_add_tcase(s, t);
    t = tcase_create("cse");
    tcase_add_checked_fixture(t, pass_setup, pass_teardown);
    tcase_add_test(t, equal_operators);
    tcase_add_test(t, chains_of_equals);
    tcase_add_test(t, what_differs_stays);
    tcase_add_test(t, marks_of_equals);
    tcase_add_test(t, merging_is_told);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
