/* Laws of the formatter, on the golden sources as they are and with random blanks, newlines and comments between their tokens:
 * formatting twice is formatting once, the syntax tree stays, and lines have no blanks at their ends. */
#include "compiler/ast/ast.h"
#include "compiler/base/file.h"
#include "compiler/fmt/fmt.h"
#include "compiler/fmt/token.h"
#include "grammar/front.h"

#include <check.h>
#include <glob.h>
#include <stdlib.h>

static struct arena *arena;

static void setup(void)
{
    arena = arena_new();
}

static void teardown(void)
{
    arena_free(&arena);
}

static const struct source *source(const char *text)
{
    return source_new(arena, "t.cnas", text, strlen(text));
}

/* NULL: it does not parse */
static const char *tree(const char *text)
{
    struct diag *d = diag_new(arena);
    const struct ast_module *m = front_parse(arena, d, source(text));
    struct text t = text_new(arena);
    if (diag_errors(d) > 0)
        return NULL;
    ast_print_module(&t, m);
    return text_str(&t);
}

static const char *format(const char *text)
{
    struct text t = text_new(arena);
    fmt_source(&t, source(text));
    return text_str(&t);
}

static void same(const char *got, const char *want, const char *what, const char *name, const char *text)
{
    if (got && strcmp(got, want) == 0)
        return;
    fprintf(stderr, "%s\n--- gives\n%s\n--- not\n%s\n", text, got ? got : "(errors)", want); /* too much for Check's messages */
    ck_abort_msg("%s: %s", name, what);
}

static void check_laws(const char *text, const char *name)
{
    const char *once = format(text);
    same(tree(once), tree(text), "the tree changed", name, text);
    same(format(once), once, "not stable", name, text);
    ck_assert_msg(!strstr(once, "\n\n\n"), "%s: two empty lines", name);
    ck_assert_msg(!strstr(once, " \n"), "%s: a blank at the end of a line", name);
}

static uint64_t state;

static uint64_t below(uint64_t n)
{
    state += 0x9e3779b97f4a7c15u; /* splitmix64 */
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % n;
}

/* The same tokens with other gaps. Doc comments stay away: they belong to the token behind them. */
static const char *disturbed(const char *text)
{
    static const char *const gaps[] = {" ", " ", "  ", "\n", "\n\n\n", "\n\t", " // why\n", "\n    // own line\n", " /* in */ ", " /* at the end */\n",
                                       "\n/* two\n   lines */\n", "\n\n// apart\n\n", " // long: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"};
    struct fmt_tokens tokens = fmt_tokens(arena, source(text));
    struct text t = text_new(arena);
    uint64_t calm = below(12); /* how many gaps in twelve are plain */
    for (size_t i = 0; i < tokens.n; i++) {
        const struct fmt_token *now = &tokens.at[i];
        text_add_bytes(&t, now->bytes, now->n);
        text_add(&t, "%s", below(12) < calm ? " " : gaps[below(sizeof gaps / sizeof *gaps)]);
    }
    return text_str(&t);
}

static size_t for_sources(const char *pattern, int variants)
{
    glob_t files;
    size_t n, done = 0;
    const char *top = getenv("top_srcdir"), *why;
    ck_assert_ptr_nonnull(top);
    if (glob(arena_printf(arena, "%s/%s", top, pattern), 0, NULL, &files) != 0)
        return 0;
    for (size_t i = 0; i < files.gl_pathc; i++) {
        const char *text = file_read(arena, files.gl_pathv[i], SOURCE_MAX, &n, &why);
        ck_assert_ptr_nonnull(text);
        if (strlen(text) != n || !tree(text))
            continue; /* a golden test of the parser's errors */
        check_laws(text, files.gl_pathv[i]);
        for (int k = 0; k < variants; k++)
            check_laws(disturbed(text), files.gl_pathv[i]);
        arena_free(&arena);
        arena = arena_new();
        done++;
    }
    globfree(&files);
    return done;
}

START_TEST(sources)
{
    const char *seed = getenv("CNAS_SEED");
    state = seed ? strtoull(seed, NULL, 10) : 1;
    ck_assert_uint_gt(for_sources("tests/golden/parse/*.cnas", 30), 2);
    ck_assert_uint_gt(for_sources("tests/golden/sema/*.cnas", 20), 5);
    ck_assert_uint_gt(for_sources("tests/golden/errors/*.cnas", 4), 40);
    ck_assert_uint_gt(for_sources("stdlib/*.cnas", 20), 1);
    ck_assert_uint_gt(for_sources("samples/*.cnas", 20), 0);
    ck_assert_uint_gt(for_sources("samples/*/*.cnas", 2), 5);
}
END_TEST

/* Deep brackets, a long list and a long chain take neither the stack nor quadratic time. */
START_TEST(large)
{
    enum { DEEP = 900, LONG = 100000 };
    struct text t = text_new(arena);
    text_add(&t, "const a = ");
    for (int i = 0; i < DEEP; i++)
        text_add(&t, "(");
    text_add(&t, "1");
    for (int i = 0; i < DEEP; i++)
        text_add(&t, ")");
    text_add(&t, ";\nconst b = [");
    for (int i = 0; i < LONG; i++)
        text_add(&t, "%d, ", i);
    text_add(&t, "0];\nconst c = 1");
    for (int i = 0; i < LONG; i++)
        text_add(&t, " + %d", i);
    text_add(&t, ";\nconst d = x");
    for (int i = 0; i < LONG; i++)
        text_add(&t, " |> f(%d)", i);
    text_add(&t, ";\n");
    check_laws(text_str(&t), "large");
}
END_TEST

START_TEST(nothing)
{
    ck_assert_str_eq(format(""), "");
    ck_assert_str_eq(format("\n\n  \n"), "");
    ck_assert_str_eq(format("  // only this  \n\n\n"), "// only this\n");
    ck_assert_str_eq(format("\xef\xbb\xbf const a=1;"), "const a = 1;\n");
    ck_assert_str_eq(format("const a=1;\r\n\r\n\r\nconst bb=2; // c\r\n"), "const a = 1;\n\nconst bb = 2;  // c\n");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("fmt");
    TCase *c = tcase_create("fmt");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, sources);
    tcase_add_test(c, large);
    tcase_add_test(c, nothing);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
