/* What is printed for other programs, read by one of them: jansson. */
#include "compiler/base/diag.h"
#include "compiler/base/json.h"
#include "compiler/ir/cost.h"
#include "compiler/ir/export.h"
#include "tests/unit/random_ir.h"

#include <check.h>
#include <jansson.h>
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

static json_t *parse(const struct text *t)
{
    json_error_t e;
    json_t *j = json_loadb(text_str(t), t->n, JSON_REJECT_DUPLICATES, &e);
    ck_assert_msg(j, "%d:%d: %s\n%s", e.line, e.column, e.text, text_str(t));
    return j;
}

static int64_t number(const json_t *object, const char *key)
{
    ck_assert(json_is_integer(json_object_get(object, key)));
    return json_integer_value(json_object_get(object, key));
}

START_TEST(graphs)
{
    uint64_t seed = random_seed();
    for (int i = 0; i < 200; i++, seed++) {
        const struct ir_graph *g = random_graph(arena, seed, 2 + i % 40);
        struct text t = text_new(arena);
        ir_print_json(&t, g);
        json_t *j = parse(&t);
        const json_t *nodes = json_object_get(j, "nodes");
        ck_assert_uint_eq(json_array_size(nodes), g->n_nodes);
        for (ir_id id = 0; id < g->n_nodes; id++) {
            const json_t *n = json_array_get(nodes, id), *in = json_object_get(n, "inputs");
            ck_assert_str_eq(json_string_value(json_object_get(n, "name")), g->nodes[id].name);
            ck_assert_uint_eq(json_array_size(in), g->nodes[id].n_in);
            for (uint32_t k = 0; k < g->nodes[id].n_in; k++)
                ck_assert_str_eq(json_string_value(json_array_get(in, k)), g->nodes[g->nodes[id].in[k]].name);
            ck_assert_uint_eq(json_array_size(json_object_get(n, "shape")), (size_t)g->nodes[id].shape.rank);
            ck_assert_int_eq(number(n, "macs"), ir_cost_node(g, id).macs);
            ck_assert_int_eq(number(n, "relus"), ir_cost_node(g, id).relus);
            ck_assert_int_eq(number(n, "relu_equivalents"), ir_cost_node(g, id).relu_equivalents);
            const json_t *attributes = json_object_get(n, "attributes");
            if (g->nodes[id].op == IR_DROPOUT)
                ck_assert(json_real_value(json_object_get(attributes, "rate")) == g->nodes[id].dropout.rate);
            if (g->nodes[id].op == IR_CONV)
                ck_assert_int_eq(number(attributes, "groups"), g->nodes[id].conv.groups);
            size_t depth = 0;
            for (const struct site *s = &g->nodes[id].site; s && s->file; s = s->from)
                depth++;
            ck_assert_uint_eq(json_array_size(json_object_get(n, "at")), depth);
        }
        ck_assert_uint_eq(json_array_size(json_object_get(j, "outputs")), g->n_outputs);
        const json_t *budgets = json_object_get(j, "budgets");
        ck_assert_uint_eq(json_array_size(budgets), g->n_budgets);
        for (uint32_t k = 0; k < g->n_budgets; k++) {
            const json_t *b = json_array_get(budgets, k);
            ck_assert_str_eq(json_string_value(json_object_get(b, "scope")), g->budgets[k].scope);
            ck_assert_int_eq(json_is_null(json_object_get(b, "nodes")), !g->budgets[k].nodes);
        }
        ck_assert_int_eq(number(json_object_get(j, "train"), "epochs"), g->train.epochs);
        json_decref(j);
    }
}
END_TEST

START_TEST(strings)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", ""},
        {"a\"b\\c\n\x01\x7f", "a\"b\\c\n\x01\x7f"},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\xff|\xc3|\xe2\x82|\xc0\x80", "\xef\xbf\xbd|\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text t = text_new(arena);
        text_add(&t, "[");
        text_json_string(&t, cases[i].in);
        text_add(&t, "]");
        json_t *j = parse(&t);
        ck_assert_str_eq(json_string_value(json_array_get(j, 0)), cases[i].out);
        json_decref(j);
    }
}
END_TEST

START_TEST(reals)
{
    static const double cases[] = {0, -0.0, 1, -2.5, 1e300, 5e-324, 0.1, 1e21, 123456789.0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text t = text_new(arena);
        text_add(&t, "[");
        text_json_real(&t, cases[i]);
        text_add(&t, "]");
        json_t *j = parse(&t);
        ck_assert(json_is_real(json_array_get(j, 0)));
        ck_assert(json_real_value(json_array_get(j, 0)) == cases[i]);
        json_decref(j);
    }
}
END_TEST

START_TEST(diagnostics)
{
    struct diag *d = diag_new(arena);
    const struct source *s = source_new(arena, "n\xff.cnas", "first\nsecond line\n", 18);
    diag_source(d, s);
    diag_error(d, (struct span){s, 6, 12}, E_SYNTAX, "bad `%s`", "second\x1b");
    diag_note(d, (struct span){0}, "many\nlines");
    diag_warning_at(d, &(struct site){.file = "other.cnas", .line = 7, .column = 3}, W_UNUSED_VALUE, "hm");
    struct text t = text_new(arena);
    diag_print_json(d, &t);
    ck_assert_ptr_eq(strchr(text_str(&t), '\n'), text_str(&t) + t.n - 1); /* one line */
    json_t *j = parse(&t);
    const json_t *list = json_object_get(j, "diagnostics"), *e = json_array_get(list, 0), *w = json_array_get(list, 2);
    ck_assert_uint_eq(json_array_size(list), 3);
    ck_assert_str_eq(json_string_value(json_object_get(e, "kind")), "error");
    ck_assert_str_eq(json_string_value(json_object_get(e, "code")), "E0201");
    ck_assert(json_is_null(json_object_get(json_array_get(list, 1), "code")));
    ck_assert_str_eq(json_string_value(json_object_get(w, "code")), "W0001");
    ck_assert_str_eq(json_string_value(json_object_get(e, "message")), "bad `second\x1b`");
    ck_assert_str_eq(json_string_value(json_object_get(e, "file")), "n\xef\xbf\xbd.cnas");
    ck_assert_int_eq(number(e, "line"), 2);
    ck_assert_int_eq(number(e, "column"), 1);
    ck_assert_int_eq(number(e, "end_column"), 7);
    ck_assert(json_is_null(json_object_get(json_array_get(list, 1), "file")));
    ck_assert_str_eq(json_string_value(json_object_get(w, "kind")), "warning");
    ck_assert_int_eq(number(w, "line"), 7);
    ck_assert_int_eq(number(j, "errors"), 1);
    ck_assert_int_eq(number(j, "warnings"), 1);
    json_decref(j);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ir_json");
    TCase *t = tcase_create("json");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, graphs);
    tcase_add_test(t, strings);
    tcase_add_test(t, reals);
    tcase_add_test(t, diagnostics);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
