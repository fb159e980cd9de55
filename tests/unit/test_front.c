/* Sources, diagnostics, suggestions, maps and loading from memory: what the golden files do not reach. */
#include "compiler/base/diag.h"
#include "compiler/base/map.h"
#include "compiler/base/nearest.h"
#include "compiler/load/embed.h"
#include "compiler/load/load.h"
#include "compiler/sema/elab.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct arena *a;

static void setup(void)
{
    a = arena_new();
}

static void teardown(void)
{
    arena_free(&a);
}

static const struct source *source(const char *text)
{
    return source_new(a, "t.cnas", text, strlen(text));
}

static struct span span(const struct source *s, uint32_t from, uint32_t to)
{
    return (struct span){s, from, to};
}

/* What diag_print says, without colour. */
static const char *said(const struct diag *d, bool colour)
{
    char *bytes = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&bytes, &n);
    ck_assert_ptr_nonnull(f);
    diag_print(d, f, colour);
    fclose(f);
    char *copy = arena_strndup(a, bytes, n);
    free(bytes);
    return copy;
}

START_TEST(test_source_positions)
{
    const struct source *s = source("ab\ncd\r\n\nx");
    static const struct {
        uint32_t offset;
        int line, column;
    } want[] = {{0, 1, 1}, {1, 1, 2}, {2, 1, 3}, {3, 2, 1}, {6, 2, 4}, {7, 3, 1}, {8, 4, 1}, {9, 4, 2}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        int line, column;
        source_position(s, want[i].offset, &line, &column);
        ck_assert_int_eq(line, want[i].line);
        ck_assert_int_eq(column, want[i].column);
    }
    size_t n;
    ck_assert_int_eq(s->n_lines, 4);
    ck_assert_int_eq(strncmp(source_line(s, 2, &n), "cd", 2), 0);
    ck_assert_uint_eq(n, 2); /* without \r\n */
    source_line(s, 3, &n);
    ck_assert_uint_eq(n, 0);
    source_line(s, 4, &n);
    ck_assert_uint_eq(n, 1);
    const struct source *empty = source("");
    ck_assert_int_eq(empty->n_lines, 1);
    source_line(empty, 1, &n);
    ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(test_diag_caret)
{
    struct diag *d = diag_new(a);
    const struct source *s = source("one\n\ttwo three\nfour");
    diag_error(d, span(s, 9, 14), E_SYNTAX, "no `%s`", "three");
    diag_note(d, span(s, 0, 3), "see here");
    diag_warning(d, span(s, 5, 20), W_UNUSED_VALUE, "over the end of the line");
    diag_error(d, span(s, 19, 19), E_SYNTAX, "at the end");
    ck_assert_str_eq(said(d, false), "t.cnas:2:6: error: no `three` [E0201]\n"
                                     "    2 |     two three\n"
                                     "      |         ^~~~~\n"
                                     "t.cnas:1:1: note: see here\n"
                                     "    1 | one\n"
                                     "      | ^~~\n"
                                     "t.cnas:2:2: warning: over the end of the line [W0001, -Wunused-value]\n"
                                     "    2 |     two three\n"
                                     "      |     ^~~~~~~~~\n"
                                     "t.cnas:3:5: error: at the end [E0201]\n"
                                     "    3 | four\n"
                                     "      |     ^\n");
    ck_assert_uint_eq(diag_errors(d), 2);
    ck_assert_uint_eq(diag_warnings(d), 1);
    ck_assert_ptr_nonnull(strstr(said(d, true), "\33[1;31merror:"));
}
END_TEST

START_TEST(test_diag_long_line)
{
    enum { N = 1 << 20 };
    char *text = arena_alloc(a, N + 1);
    memset(text, 'x', N);
    memcpy(text + N / 2, "\xc3\xa4\xff\x1b", 4); /* a letter of two bytes, a bad byte, an escape character */
    struct diag *d = diag_new(a);
    diag_error(d, span(source(text), N / 2 + 2, N - 10), E_SYNTAX, "in the middle");
    const char *out = said(d, false);
    ck_assert_uint_lt(strlen(out), 500);
    ck_assert_ptr_nonnull(strstr(out, "t.cnas:1:524291: error: in the middle [E0201]\n    1 | ...xxx"));
    ck_assert_ptr_nonnull(strstr(out, "x\xc3\xa4\xef\xbf\xbd\xef\xbf\xbdx"));
    ck_assert_ptr_nonnull(strstr(out, "xxx...\n      | "));
    ck_assert_ptr_null(strchr(out, '\33'));
}
END_TEST

START_TEST(test_diag_limits)
{
    struct diag *d = diag_new(a);
    const struct source *s = source("abcdefghijklmnopqrstuvwxyz0123456789");
    diag_error(d, span(s, 0, 1), E_SYNTAX, "first");
    diag_error(d, span(s, 0, 1), E_SYNTAX, "the same place again");
    diag_note(d, span(s, 3, 4), "dropped with it");
    ck_assert_uint_eq(diag_errors(d), 1);
    for (uint32_t i = 1; i < 30; i++) {
        diag_error(d, span(s, i, i + 1), E_SYNTAX, "error %u", i);
        diag_note(d, span(s, i, i + 1), "note %u", i);
    }
    ck_assert_uint_eq(diag_errors(d), 30);
    const char *out = said(d, false);
    ck_assert_ptr_null(strstr(out, "again"));
    ck_assert_ptr_null(strstr(out, "dropped"));
    ck_assert_ptr_nonnull(strstr(out, "note 19"));
    ck_assert_ptr_null(strstr(out, "error 20"));
    ck_assert_ptr_null(strstr(out, "note 20"));
    ck_assert_ptr_nonnull(strstr(out, "10 more errors are not shown"));

    struct diag *all = diag_new(a);
    diag_limit(all, 0);
    for (uint32_t i = 0; i < 30; i++)
        diag_error(all, span(s, i, i + 1), E_SYNTAX, "error %u", i);
    ck_assert_ptr_nonnull(strstr(said(all, false), "error 29"));
}
END_TEST

START_TEST(test_diag_sites)
{
    struct diag *d = diag_new(a);
    const struct source *s = source("network N {\n    h = b(x);\n}\n");
    diag_source(d, s);
    struct site outer = {"t.cnas", 2, 9, NULL, NULL};
    struct site inner = {"elsewhere.cnas", 7, 3, &outer, "b"};
    diag_error_at(d, &inner, E_SYNTAX, "the budget of %d is broken", 5);
    diag_note_at(d, &(struct site){"t.cnas", 999, 1, NULL, NULL}, "a line that is not there");
    ck_assert_str_eq(said(d, false), "elsewhere.cnas:7:3: error: the budget of 5 is broken [E0201]\n"
                                     "t.cnas:2:9: note: in block `b`, instantiated here\n"
                                     "    2 |     h = b(x);\n"
                                     "      |         ^\n"
                                     "t.cnas:999:1: note: a line that is not there\n");
}
END_TEST

START_TEST(test_nearest)
{
    static const struct {
        const char *word, *candidate;
        bool near;
    } cases[] = {
        {"batchnorm", "batch_norm", true}, {"rleu", "relu", true}, {"kernal", "kernel", true}, {"x", "y", false}, {"xx", "x", true},
        {"conv", "linear", false},         {"", "relu", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct nearest near = nearest_to(cases[i].word);
        nearest_try(&near, cases[i].candidate);
        ck_assert_int_eq(near.best != NULL, cases[i].near);
    }
    struct nearest near = nearest_to("chanels");
    nearest_try(&near, "chancels");
    nearest_try(&near, "channels");
    nearest_try(&near, "handles");
    ck_assert_str_eq(near.best, "chancels"); /* the first of equals */
}
END_TEST

START_TEST(test_map)
{
    struct map m = map_new(a);
    ck_assert_ptr_null(map_get(&m, "absent"));
    enum { N = 5000 };
    for (int i = 0; i < N; i++)
        map_set(&m, arena_printf(a, "key%d", i), arena_printf(a, "%d", i));
    map_set(&m, "key7", (char[]){"again"});
    ck_assert_uint_eq(m.n, N);
    ck_assert_str_eq(map_get(&m, "key7"), "again");
    ck_assert_str_eq(map_get(&m, "key4999"), "4999");
    ck_assert_ptr_null(map_get(&m, "key5000"));
    for (int i = 0; i < N; i++)
        ck_assert_str_eq(m.entries[i].key, arena_printf(a, "key%d", i));
    map_set(&m, "key7", NULL);
    ck_assert_ptr_null(map_get(&m, "key7"));
}
END_TEST

static const struct ir_graph *compile(struct diag *d, const char *text)
{
    const struct ast_program *p = load_text(a, d, "t.cnas", text, strlen(text), NULL);
    return elab_network(a, d, p, NULL, NULL);
}

START_TEST(test_compile)
{
    struct diag *d = diag_new(a);
    const struct ir_graph *g = compile(d, "import std.cnet;\n"
                                          "network N { input x: tensor[2, 4, 4]; y = core(x); output z = reduce(join([x, y])); }");
    ck_assert_str_eq(said(d, false), "");
    ck_assert_ptr_nonnull(g);
    ck_assert_str_eq(g->name, "N");
    ck_assert_uint_eq(g->n_outputs, 1);
    struct ir_shape shape = g->nodes[g->outputs[0].node].shape;
    ck_assert_int_eq(shape.c, 8);
    ck_assert_int_eq(shape.h, 2);
    ck_assert_ptr_eq(g->nodes[0].site.from, NULL);
    ck_assert_str_eq(g->nodes[1].site.block, "core");
}
END_TEST

START_TEST(test_compile_errors)
{
    struct diag *d = diag_new(a);
    ck_assert_ptr_null(compile(d, "network N { input x: tensor[2, 4, 4]; y = relu(x) }"));
    ck_assert_uint_eq(diag_errors(d), 1);
    ck_assert_ptr_null(compile(d, "network N { input x: tensor[2, 4, 4]; output y = relu(x); }")); /* errors before count */
    d = diag_new(a);
    ck_assert_ptr_null(elab_network(a, d, load_program(a, d, "/nonexistent/net.cnas", NULL), NULL, NULL));
    ck_assert_ptr_nonnull(strstr(said(d, false), "cnasc: error: cannot read `/nonexistent/net.cnas`"));
}
END_TEST

START_TEST(test_define)
{
    struct diag *d = diag_new(a);
    struct ast_define define;
    ck_assert(load_define(a, d, "w = 2 * 3", &define));
    ck_assert_str_eq(define.name.text, "w");
    ck_assert(!load_define(a, d, "w", &define));
    ck_assert(!load_define(a, d, "=3", &define));
    ck_assert(!load_define(a, d, "", &define));
    ck_assert(!load_define(a, d, "w=1;", &define));
    ck_assert_uint_eq(diag_errors(d), 4);
}
END_TEST

/* What a search does: elaborate, see the choices, elaborate again with picks by index. */
START_TEST(test_choices)
{
    static const char text[] = "block plain(x: tensor) { return x; }\n"
                               "block extra(x: tensor) { return x |> choose(relu, identity); }\n"
                               "network N {\n"
                               "    input x: tensor[2, 4, 4];\n"
                               "    for i in 0 .. 2 { k = choose(3, 5) @pick(5); x = conv(x, 2, kernel = k); }\n"
                               "    y = x |> choose(plain, extra);\n"
                               "    output z = concat(choose_subset([x, y]) + [x]);\n"
                               "}\n";
    struct diag *d = diag_new(a);
    const struct ast_program *p = load_text(a, d, "t.cnas", text, strlen(text), NULL);
    struct elab_found found;
    ck_assert_ptr_nonnull(elab_network(a, d, p, NULL, &found));
    ck_assert_uint_eq(found.n_choices, 4);
    static const char *const names[] = {"i0_k", "i1_k", "y", "z"};
    for (size_t i = 0; i < 4; i++) {
        ck_assert_str_eq(found.choices[i].name, names[i]);
        ck_assert_int_eq(found.choices[i].pinned, i < 2);
        ck_assert_uint_eq(found.choices[i].n, 2);
        ck_assert_int_eq(found.choices[i].subset, i == 3);
        ck_assert_uint_eq(found.choices[i].n_picked, i != 3);
    }
    ck_assert_uint_eq(found.choices[0].picked[0], 1);
    ck_assert_str_eq(found.choices[2].alternatives[1], "extra");
    ck_assert_str_eq(found.choices[3].alternatives[0], "i1_x_conv");

    static const uint32_t one[] = {1}, both[] = {0, 1};
    const struct elab_pick picks[] = {{"y", NULL, one, 1}, {"z", NULL, both, 2}, {"y_extra", NULL, one, 1}, {"i0_k", NULL, both, 1}};
    const struct elab_options o = {.picks = picks, .n_picks = 4};
    const struct ir_graph *g = elab_network(a, d, p, &o, &found);
    ck_assert_str_eq(said(d, false), "");
    ck_assert_uint_eq(found.n_choices, 5); /* the block that was picked makes one more */
    ck_assert_str_eq(found.choices[3].name, "y_extra");
    ck_assert_int_eq(g->nodes[1].conv.kh, 3);
    ck_assert_uint_eq(g->nodes[g->n_nodes - 1].n_in, 3);

    const struct elab_pick fewer[] = {{"y_extra", NULL, one, 1}}; /* `plain` has no such choice */
    ck_assert_ptr_nonnull(elab_network(a, d, p, &(struct elab_options){.picks = fewer, .n_picks = 1, .optional_picks = true}, &found));
    ck_assert_ptr_null(elab_network(a, d, p, &(struct elab_options){.picks = fewer, .n_picks = 1}, &found));
    const struct elab_pick wrong[] = {{"z", NULL, (const uint32_t[]){1, 0}, 2}};
    d = diag_new(a);
    ck_assert_ptr_null(elab_network(a, d, p, &(struct elab_options){.picks = wrong, .n_picks = 1}, &found));
    ck_assert_ptr_nonnull(strstr(said(d, false), "choice `z` takes the indices"));
}
END_TEST

/* Every module of std parses, and a network can import it. */
START_TEST(test_stdlib)
{
    ck_assert_uint_gt(embed_n_modules, 0);
    for (size_t i = 0; i < embed_n_modules; i++) {
        struct diag *d = diag_new(a);
        struct diag_warnings unused = diag_warnings_default();
        ck_assert(diag_warnings_choose(&unused, "no-unused-import"));
        diag_choose_warnings(d, &unused);
        const char *text = arena_printf(a, "import std.%s;\nnetwork N { input x: tensor[2, 4, 4]; output y = relu(x); }", embed_modules[i].name);
        ck_assert_ptr_nonnull(compile(d, text));
        ck_assert_str_eq(said(d, false), "");
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("front");
    TCase *t = tcase_create("front");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_source_positions);
    tcase_add_test(t, test_diag_caret);
    tcase_add_test(t, test_diag_long_line);
    tcase_add_test(t, test_diag_limits);
    tcase_add_test(t, test_diag_sites);
    tcase_add_test(t, test_nearest);
    tcase_add_test(t, test_map);
    tcase_add_test(t, test_compile);
    tcase_add_test(t, test_compile_errors);
    tcase_add_test(t, test_define);
    tcase_add_test(t, test_choices);
    tcase_add_test(t, test_stdlib);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
