/* Runs the scanner and the parser over one source, and gives tokens their meaning. */
#include "config.h"

#include "grammar/front.h"

#include "grammar/parser.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int front_scan(FRONT_YYSTYPE *value, struct front_place *place, void *scanner);
int front_yylex_init_extra(struct front *f, void **scanner);
struct yy_buffer_state *front_yy_scan_buffer(char *bytes, size_t n, void *scanner);
int front_yylex_destroy(void *scanner);

/* ---- numbers: digits with _ between them, a fraction, an exponent, a unit ---- */

struct unit {
    const char *name;
    double scale;
};
static const struct unit units[] = {
    {"k", 1e3}, {"M", 1e6}, {"G", 1e9}, {"Ki", 1024}, {"Mi", 1024.0 * 1024}, {"Gi", 1024.0 * 1024 * 1024}, {"%", 0.01},
    {"ms", 1e-3}, /* of a second */
};

static const struct unit *unit_named(const char *name)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(units[i].name, name) == 0)
            return &units[i];
    return NULL;
}

struct ast_expr *front_number(struct front *f, struct span at, const char *text, size_t n)
{
    char *digits = arena_alloc(f->arena, n + 1); /* without the separators */
    size_t m = 0, i = 0;
    bool whole = true;
    for (; i < n; i++) {
        char c = text[i];
        bool exponent = (c == 'e' || c == 'E') && i + 1 < n &&
                        ((text[i + 1] >= '0' && text[i + 1] <= '9') || text[i + 1] == '+' || text[i + 1] == '-');
        if (c == '_')
            continue;
        if (!(c >= '0' && c <= '9') && c != '.' && !exponent)
            break;
        if (c == '.' || exponent)
            whole = false;
        digits[m++] = c;
        if (exponent)
            digits[m++] = text[++i];
    }
    const char *suffix = arena_strndup(f->arena, text + i, n - i);
    const struct unit *unit = *suffix ? unit_named(suffix) : NULL;
    if (*suffix && !unit) {
        diag_error(f->diag, at, E_UNIT,
                   "`%.40s` is no unit of a number; the units are k, M, G (thousands), Ki, Mi, Gi (1024), %% and ms", suffix);
        return ast_int(f->arena, at, 1);
    }
    errno = 0;
    if (whole && !(unit && unit->scale < 1)) {
        int64_t value = strtoll(digits, NULL, 10);
        if (errno == ERANGE || (unit && __builtin_mul_overflow(value, (int64_t)unit->scale, &value))) {
            diag_error(f->diag, at, E_LARGE_NUMBER, "this number is larger than the largest integer, 9223372036854775807");
            return ast_int(f->arena, at, 1);
        }
        return ast_int(f->arena, at, value);
    }
    double value = strtod(digits, NULL) * (unit ? unit->scale : 1);
    if (!isfinite(value)) {
        diag_error(f->diag, at, E_LARGE_NUMBER, "this number is larger than the largest real number");
        return ast_real(f->arena, at, 1);
    }
    if (unit && unit->scale > 1 && value == floor(value) && value < 0x1p53) /* 1.5k is the integer 1500 */
        return ast_int(f->arena, at, (int64_t)value);
    return ast_real(f->arena, at, value);
}

/* ---- strings and doc comments ---- */

struct ast_expr *front_string(struct front *f, struct span at, const char *text, size_t n)
{
    char *bytes = arena_alloc(f->arena, n + 1);
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\0') {
            struct span here = {at.source, at.from + 1 + (uint32_t)i, at.from + 2 + (uint32_t)i};
            diag_error(f->diag, here, E_NOT_TEXT, "a string cannot hold a NUL byte");
            break;
        }
        if (text[i] != '\\') {
            bytes[m++] = text[i];
            continue;
        }
        static const char escapes[] = "nt\"\\", meaning[] = "\n\t\"\\";
        char c = text[++i];
        const char *found = c ? strchr(escapes, c) : NULL;
        if (!found) {
            struct span here = {at.source, at.from + (uint32_t)i, at.from + (uint32_t)i + 2};
            diag_error(f->diag, here, E_ESCAPE, "unknown escape in a string; there are \\n, \\t, \\\" and \\\\");
            continue;
        }
        bytes[m++] = meaning[found - escapes];
    }
    return ast_string(f->arena, at, bytes, m);
}

void front_doc_line(struct front *f, struct text *doc, const char *text, size_t n)
{
    (void)f;
    if (n && *text == ' ') {
        text++;
        n--;
    }
    while (n && (text[n - 1] == ' ' || text[n - 1] == '\t' || text[n - 1] == '\r'))
        n--;
    text_add_bytes(doc, text, n);
    text_add_bytes(doc, "\n", 1);
}

/* ---- limits and errors ---- */

static bool too_deep(struct front *f, int depth, struct span at)
{
    if (depth <= AST_MAX_DEPTH)
        return false;
    if (!f->too_deep)
        diag_error(f->diag, (struct span){at.source, at.from, at.from + 1}, E_NESTED, "nested more than %d levels deep", AST_MAX_DEPTH);
    f->too_deep = true;
    return true;
}

struct ast_expr *front_shallow(struct front *f, struct ast_expr *e)
{
    return too_deep(f, e->depth, e->at) ? ast_int(f->arena, e->at, 0) : e;
}

struct ast_stmt *front_shallow_stmt(struct front *f, struct ast_stmt *s)
{
    return too_deep(f, ast_stmt_depth(s), s->at) ? NULL : s;
}

static bool among(const char *const *words, int n, const char *word)
{
    for (int i = 0; i < n; i++)
        if (strcmp(words[i], word) == 0)
            return true;
    return false;
}

#define STATEMENT "a statement or `}`"

/* "`,` or `)`": the expected tokens in words. */
static const char *expectation(struct front *f, const char *const *expected, int n)
{
    if (among(expected, n, "`network`"))
        return "`import`, `const`, `block` or `network`";
    if (among(expected, n, "`output`"))
        return STATEMENT;
    if (among(expected, n, "number"))
        return among(expected, n, "`]`") ? "an expression or `]`" : among(expected, n, "`)`") ? "an expression or `)`" : "an expression";
    if (among(expected, n, "`;`"))
        return "`;`";
    if (among(expected, n, "`block`") && among(expected, n, "name"))
        return "a type";
    struct text t = text_new(f->arena);
    int left = 0;
    for (int pass = 0; pass < 2; pass++) /* operators could go on almost everywhere: they are not worth naming */
        for (int i = 0, done = 0; i < n; i++) {
            static const char *const going_on[] = {"`|>`", "`+`", "`-`", "`*`", "`/`", "`%`", "`**`", "`..`", "`==`", "`!=`", "`<`",
                                                   "`<=`", "`>`", "`>=`", "`and`", "`or`", "`in`", "`@`", "`(`", "`[`", "`.`"};
            bool goes_on = n > 2 && among(going_on, sizeof going_on / sizeof *going_on, expected[i]);
            bool names_it = strcmp(expected[i], "`=`") == 0 && among(expected, n, "`)`");
            if (goes_on || names_it)
                continue;
            if (pass == 0)
                left++;
            else
                text_add(&t, "%s%s", done == 0 ? "" : done == left - 1 ? " or " : ", ", strcmp(expected[i], "name") ? expected[i] : "a name"), done++;
        }
    return left && left <= 5 ? text_str(&t) : "something else"; /* too many to help */
}

void front_unexpected(struct front *f, struct span at, const char *token, const char *const *expected, int n_expected)
{
    bool at_end = token && strcmp(token, "end of file") == 0;
    if (f->too_deep || (at_end && f->cut_off))
        return;
    const char *wanted = expectation(f, expected, n_expected);
    bool semicolon = among(expected, n_expected, "`;`");
    bool next_line = memchr(f->source->bytes + f->previous_end, '\n', at.from - f->previous_end) != NULL;
    if (at_end && f->previous_end > 0)
        at = (struct span){f->source, f->previous_end - 1, f->previous_end};
    bool is_word = token && (strcmp(token, "name") == 0 || strcmp(token, "number") == 0 || strcmp(token, "string") == 0);
    size_t length = at.to - at.from < 40 ? at.to - at.from : 40;
    if (at_end && f->define)
        token = "its end";
    const char *found = is_word ? arena_printf(f->arena, "`%.*s`", (int)length, f->source->bytes + at.from) : token;
    if (semicolon && (next_line || (token && strcmp(token, "`}`") == 0)) && f->previous_end > 0) {
        /* The mistake is where the statement should have ended, not at whatever follows. */
        struct span end = {f->source, f->previous_end - 1, f->previous_end};
        diag_error(f->diag, end, E_MISSING_SEMICOLON, "expected %s after this", wanted);
        if (!at_end && strcmp(token, "`}`") != 0)
            f->put_in = SEMICOLON_NEXT;
        return;
    }
    if (!found)
        diag_error(f->diag, at, E_SYNTAX, "expected %s", wanted);
    else
        diag_error(f->diag, at, E_SYNTAX, "expected %s, found %s", wanted, found);
    if (found && strcmp(found, "`@`") == 0 && strcmp(wanted, STATEMENT) == 0)
        diag_note(f->diag, at, "an annotation stands behind the call that it is about, as in `y = relu(x) @keep;`");
    else if (found && !at_end && diag_takes_notes(f->diag))
        front_hint(f, at, wanted);
    if (at_end && f->brackets.n > 0) {
        uint32_t open = f->brackets.at[f->brackets.n - 1];
        diag_note(f->diag, (struct span){f->source, open, open + 1}, "this is not closed");
    }
}

/* ---- one parse ---- */

struct front_token {
    FRONT_YYSTYPE value;
    struct front_place place;
};

static void count_brackets(struct front *f, int token, uint32_t at)
{
    if (token == '(' || token == '[' || token == '{')
        vec_push(f->arena, &f->brackets, at);
    else if ((token == ')' || token == ']' || token == '}') && f->brackets.n > 0)
        f->brackets.n--;
}

int front_yylex(FRONT_YYSTYPE *value, struct front_place *place, struct front *f, void *scanner)
{
    if (f->put_in == SEMICOLON_NEXT) {
        f->put_in = TOKEN_AGAIN;
        *place = f->last->place;
        return ';';
    }
    if (f->put_in == TOKEN_AGAIN) {
        f->put_in = NOTHING_PUT_IN;
        *value = f->last->value;
        *place = f->last->place;
        return f->token;
    }
    f->token = front_scan(value, place, scanner);
    f->last->value = *value;
    f->last->place = *place;
    count_brackets(f, f->token, place->from);
    return f->token;
}

static void *open_scanner(struct front *f)
{
    f->doc = f->module_doc = text_new(f->arena);
    f->last = ARENA_NEW(f->arena, struct front_token);
    size_t n = f->source->n;
    char *bytes = arena_alloc(f->arena, n + 2); /* flex wants two NULs at the end, and to write into the rest */
    memcpy(bytes, f->source->bytes, n);
    void *scanner;
    if (front_yylex_init_extra(f, &scanner) != 0)
        bug("the scanner could not be made");
    front_yy_scan_buffer(bytes, n + 2, scanner);
    return scanner;
}

static void parse(struct front *f)
{
    void *scanner = open_scanner(f);
    front_yyparse(f, scanner);
    front_yylex_destroy(scanner);
    if (f->module_doc.n)
        f->module->doc = text_str(&f->module_doc);
}

struct front_ranges front_tokens(struct arena *a, const struct source *s)
{
    struct front f = {.arena = a, .diag = diag_new(a), .source = s};
    struct front_ranges all = {0};
    void *scanner = open_scanner(&f);
    FRONT_YYSTYPE value;
    struct front_place place;
    front_scan(&value, &place, scanner); /* the token that says what is parsed */
    while (front_scan(&value, &place, scanner) != FRONT_YYEOF)
        vec_push(a, &all, ((struct front_range){place.from, place.to}));
    front_yylex_destroy(scanner);
    return all;
}

struct ast_module *front_parse(struct arena *a, struct diag *d, const struct source *s)
{
    struct ast_module *m = ARENA_NEW(a, struct ast_module);
    m->source = s;
    m->name = "";
    struct front f = {.arena = a, .diag = d, .source = s, .module = m};
    parse(&f);
    return m;
}

bool front_parse_define(struct arena *a, struct diag *d, const struct source *s, struct ast_define *out)
{
    size_t before = diag_errors(d);
    struct ast_module m = {.source = s};
    struct front f = {.arena = a, .diag = d, .source = s, .module = &m, .define = out};
    parse(&f);
    out->n_ids = m.n_ids;
    return diag_errors(d) == before;
}
