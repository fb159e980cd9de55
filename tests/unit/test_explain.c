/* Every code is explained, its wrong example gives it, and its right one gives no error. */
#include "compiler/base/diag_explain.h"
#include "compiler/fit.h"
#include "compiler/load/load.h"

#include <check.h>

/* What is said about a file, or about statements in a network, as JSON. */
static const char *said(struct arena *a, const char *example, size_t *errors)
{
    bool whole = strstr(example, "network ") || strncmp(example, "const a = 3;", 12) == 0;
    struct text t = text_new(a);
    text_add(&t, whole ? "%s%s%s" : "%snetwork N {\n    input x: tensor[8, 16, 16];\n%s\n    output result = x;\n}\n", "", example, "");
    struct diag *d = diag_new(a);
    struct load_options load = {0};
    const struct ast_program *p = load_text(a, d, "example.cnas", text_str(&t), t.n, &load);
    struct elab_options options = {0};
    struct elab_found found;
    struct fit fit;
    struct pass_trace trace;
    const struct ir_graph *g = fit_network(a, d, p, &options, &found, NULL, &fit);
    if (g)
        pass_all(a, d, g, NULL, &trace);
    *errors = diag_errors(d);
    struct text json = text_new(a);
    diag_print_json(d, &json);
    return text_str(&json);
}

START_TEST(examples)
{
    int wrong = 0, bad = 0;
    for (int c = 0; c < DIAG_N_CODES; c++) {
        struct arena *a = arena_new();
        const struct diag_explanation *e = diag_explain(c);
        const char *code = diag_code_text(c);
        size_t errors;
        ck_assert_msg(e->text && *e->text, "%s is not explained", code);
        ck_assert_msg(!*e->wrong == !*e->right, "%s has one example only", code);
        if (*e->wrong) {
            const char *json = said(a, e->wrong, &errors);
            if (!strstr(json, arena_printf(a, "\"code\": \"%s\"", code)) && ++bad)
                fprintf(stderr, "%s: its example gives %s", code, json);
            json = said(a, e->right, &errors);
            if (errors > 0 && ++bad)
                fprintf(stderr, "%s: its correction gives %s", code, json);
            wrong++;
        }
        arena_free(&a);
    }
    ck_assert_int_eq(bad, 0);
    ck_assert_int_gt(wrong, 70);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("explain");
    TCase *c = tcase_create("explain");
    tcase_add_test(c, examples);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
