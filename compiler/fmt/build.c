#include "compiler/fmt/build.h"

static struct doc *expression(struct build *b);
static struct doc *conditional(struct build *b);
static struct doc *element(struct build *b);

const struct fmt_token *build_peek(const struct build *b)
{
    return &b->tokens.at[b->at];
}

static bool next_is(const struct build *b, const char *text)
{
    return fmt_is(build_peek(b), text);
}

static bool at_end(const struct build *b)
{
    return b->at + 1 == b->tokens.n;
}

struct build build_new(struct arena *a, struct fmt_tokens tokens)
{
    struct build b = {.arena = a, .tokens = tokens, .match = ARENA_ARRAY(a, size_t, tokens.n), .own_comments = SIZE_MAX};
    VEC(size_t) open = {0};
    for (size_t i = 0; i < tokens.n; i++) {
        const char *bytes = tokens.at[i].bytes;
        if (tokens.at[i].n != 1)
            continue;
        if (strchr("([{", bytes[0]))
            vec_push(a, &open, i);
        else if (strchr(")]}", bytes[0]) && open.n > 0)
            b.match[open.at[--open.n]] = i;
    }
    return b;
}

/* --- tokens --- */

static void add_before(struct build *b, struct doc *to, const struct fmt_token *t)
{
    for (size_t i = 0; i < t->before.n; i++) {
        const struct fmt_comment *c = &t->before.at[i];
        if (c->own_line || c->is_line) {
            doc_add(b->arena, to, doc_comment(b->arena, c->bytes, c->n));
        } else {
            doc_add(b->arena, to, doc_text(b->arena, c->bytes, c->n));
            doc_add(b->arena, to, doc_word(b->arena, " "));
        }
    }
}

static struct doc *bare_token(struct build *b)
{
    const struct fmt_token *t = &b->tokens.at[b->at++];
    return doc_text(b->arena, t->bytes, t->n);
}

static void add_behind(struct build *b, struct doc *to, const struct fmt_token *t)
{
    for (size_t i = 0; i < t->behind.n; i++)
        doc_add(b->arena, to, doc_trail(b->arena, t->behind.at[i].bytes, t->behind.at[i].n, t->behind.at[i].is_line));
}

struct doc *build_token(struct build *b)
{
    const struct fmt_token *t = build_peek(b);
    bool before = t->before.n > 0 && b->at != b->own_comments;
    if (!before && t->behind.n == 0)
        return bare_token(b);
    struct doc *d = doc_new(b->arena, DOC_CAT);
    if (before)
        add_before(b, d, t);
    doc_add(b->arena, d, bare_token(b));
    add_behind(b, d, t);
    return d;
}

/* --- brackets --- */

static bool is_atom(const struct build *b, size_t from, size_t to)
{
    return to - from == 1 || (to - from == 2 && fmt_is(&b->tokens.at[from], "-"));
}

/* Elements between brackets: on one line, or, if they do not fit, each on its own. Numbers and names in a list fill lines; where a
 * comma ends them, the author's lines stay. space: " " inside of braces, "" otherwise. The comments before the first and behind the last bracket break nothing. */
static struct doc *brackets(struct build *b, const char *space)
{
    struct arena *a = b->arena;
    size_t close = b->match[b->at], first = b->at + 1;
    bool is_list = next_is(b, "[");
    struct doc *all = doc_new(a, DOC_CAT);
    if (b->at != b->own_comments)
        add_before(b, all, build_peek(b));
    struct doc *group = doc_new(a, DOC_GROUP), *inside = doc_new(a, DOC_INDENT), *fill = doc_new(a, DOC_FILL);
    bool atoms = is_list, ended = close > first && fmt_is(&b->tokens.at[close - 1], ",");
    doc_add(a, group, bare_token(b));
    add_behind(b, group, &b->tokens.at[first - 1]);
    bool only_list = !is_list && fmt_is(&b->tokens.at[first], "[") && b->match[first] == close - 1;
    if (only_list && !b->tokens.at[first].before.n && !b->tokens.at[close].before.n) {
        doc_add(a, group, brackets(b, "")); /* f([ ... ]): the list's own lines are enough */
        doc_add(a, group, bare_token(b));
        doc_add(a, all, group);
        add_behind(b, all, &b->tokens.at[close]);
        return all;
    }
    while (b->at < close) {
        struct doc *line = b->at == first ? NULL : doc_line(a, " ");
        if (line) {
            line->blank = build_peek(b)->blank;
            line->forced = ended && build_peek(b)->newline;
        }
        size_t from = b->at;
        struct doc *piece = doc_new(a, DOC_GROUP);
        add_before(b, piece, build_peek(b));
        b->own_comments = from;
        doc_add(a, piece, element(b));
        bool clauses = is_list && next_is(b, "for");
        atoms &= is_atom(b, from, b->at) && !clauses;
        while (clauses && b->at < close) {
            struct doc *clause = doc_new(a, DOC_GROUP);
            doc_add(a, fill, line);
            doc_add(a, fill, piece);
            line = doc_line(a, " ");
            do {
                doc_add(a, clause, build_token(b));
                doc_add(a, clause, next_is(b, ",") || b->at >= close ? NULL : doc_word(a, " "));
                if (!next_is(b, ",") && b->at < close)
                    doc_add(a, clause, expression(b));
            } while (b->at < close && next_is(b, ",")); /* the targets */
            piece = clause;
        }
        if (b->at < close && next_is(b, ","))
            doc_add(a, piece, build_token(b));
        doc_add(a, fill, line);
        doc_add(a, fill, piece);
    }
    if (b->at > first || b->tokens.at[close].before.n) {
        doc_add(a, inside, doc_line(a, space));
        if (atoms || ended)
            doc_add(a, inside, fill);
        for (size_t i = 0; !atoms && !ended && i < fill->parts.n; i++)
            doc_add(a, inside, fill->parts.at[i]);
        struct doc *comments = doc_new(a, DOC_CAT);
        add_before(b, comments, &b->tokens.at[close]);
        doc_add(a, inside, comments);
        doc_add(a, group, inside);
        doc_add(a, group, doc_line(a, space));
    }
    group->forced |= ended;
    doc_add(a, group, bare_token(b));
    doc_add(a, all, group);
    add_behind(b, all, &b->tokens.at[close]);
    return all;
}

/* --- expressions --- */

static int level_of(const struct fmt_token *t)
{
    static const struct {
        const char *text;
        int level;
    } levels[] = {
        {"|>", 1}, {"or", 2}, {"and", 3}, {"==", 5}, {"!=", 5}, {"<", 5}, {"<=", 5}, {">", 5}, {">=", 5},
        {"in", 5}, {"..", 6}, {"+", 7},   {"-", 7},  {"*", 8},  {"/", 8}, {"%", 8},  {"**", 10},
    };
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (fmt_is(t, levels[i].text))
            return levels[i].level;
    return 0;
}
enum { LEVEL_PIPE = 1, LEVEL_COMPARE = 5, LEVEL_POWER = 10 };

static struct doc *annotation(struct build *b)
{
    struct doc *d = doc_new(b->arena, DOC_CAT);
    doc_add(b->arena, d, build_token(b)); /* @ */
    doc_add(b->arena, d, build_token(b));
    if (next_is(b, "("))
        doc_add(b->arena, d, brackets(b, ""));
    return d;
}

static struct doc *postfix(struct build *b)
{
    struct doc *d = doc_new(b->arena, DOC_CAT);
    doc_add(b->arena, d, next_is(b, "(") || next_is(b, "[") ? brackets(b, "") : build_token(b));
    for (;;) {
        if (next_is(b, "(") || next_is(b, "[")) {
            doc_add(b->arena, d, brackets(b, ""));
        } else if (next_is(b, ".")) {
            doc_add(b->arena, d, build_token(b));
            doc_add(b->arena, d, build_token(b));
        } else if (next_is(b, "@")) {
            doc_add(b->arena, d, doc_word(b->arena, " "));
            doc_add(b->arena, d, annotation(b));
        } else {
            return d->parts.n == 1 ? d->parts.at[0] : d;
        }
    }
}

static struct doc *chain(struct build *b, int least);

static struct doc *unary(struct build *b)
{
    bool is_not = next_is(b, "not");
    if (next_is(b, "if"))
        return conditional(b);
    if (!is_not && !next_is(b, "-"))
        return postfix(b);
    struct doc *d = doc_new(b->arena, DOC_CAT);
    doc_add(b->arena, d, build_token(b));
    doc_add(b->arena, d, is_not ? doc_word(b->arena, " ") : NULL);
    doc_add(b->arena, d, chain(b, is_not ? LEVEL_COMPARE : LEVEL_POWER));
    return d;
}

/* On one line; counting stops above most. */
static size_t flat_width(const struct doc *d, size_t most)
{
    size_t n = d->kind == DOC_TEXT ? doc_columns(d->bytes, d->n) : d->kind == DOC_LINE ? d->n : 0;
    for (size_t i = 0; i < d->parts.n && n <= most; i++)
        n += flat_width(d->parts.at[i], most);
    return n;
}

static struct doc *operator_and_operand(struct build *b, int level)
{
    struct doc *piece = doc_new(b->arena, DOC_GROUP);
    doc_add(b->arena, piece, build_token(b));
    doc_add(b->arena, piece, doc_word(b->arena, " "));
    doc_add(b->arena, piece, chain(b, level + 1));
    return piece;
}

static bool author_breaks(const struct build *b)
{
    return build_peek(b)->newline || build_peek(b)[1].newline;
}

/* Operands of operators that bind at least as tightly as least. Lines break before operators, where they must; a break before a pipe
 * that the author made stays. Pipes stand one below the other, if there is not too much before the first. */
static struct doc *chain(struct build *b, int least)
{
    enum { MOST_BEFORE_PIPE = 32 };
    struct arena *a = b->arena;
    struct doc *left = unary(b);
    for (int level; (level = level_of(build_peek(b))) >= least && level > 0;) {
        bool pipe = level == LEVEL_PIPE, column = pipe && !left->forced && flat_width(left, MOST_BEFORE_PIPE) <= MOST_BEFORE_PIPE && !author_breaks(b);
        struct doc *group = doc_new(a, DOC_GROUP), *rest = doc_new(a, column ? DOC_ALIGN : DOC_INDENT), *fill = doc_new(a, DOC_FILL);
        doc_add(a, group, left);
        if (column) {
            doc_add(a, group, doc_word(a, " "));
            doc_add(a, rest, operator_and_operand(b, level));
        }
        while (level_of(build_peek(b)) == level) {
            struct doc *line = doc_line(a, " ");
            line->forced = pipe && author_breaks(b);
            doc_add(a, fill, line);
            doc_add(a, fill, operator_and_operand(b, level));
        }
        doc_add(a, rest, fill);
        doc_add(a, group, rest);
        left = group;
    }
    return left;
}

/* if c then x else y, and chains of them; breaks before each then and else, or nowhere. */
static struct doc *conditional(struct build *b)
{
    struct arena *a = b->arena;
    struct doc *group = doc_new(a, DOC_GROUP), *all = doc_new(a, DOC_ALIGN);
    while (next_is(b, "if")) {
        doc_add(a, all, build_token(b));
        doc_add(a, all, doc_word(a, " "));
        doc_add(a, all, expression(b));
        for (int i = 0; i < 2; i++) { /* then, else */
            struct doc *line = doc_line(a, " ");
            line->forced = author_breaks(b);
            doc_add(a, all, line);
            doc_add(a, all, build_token(b));
            doc_add(a, all, doc_word(a, " "));
            if (i == 0 || !next_is(b, "if"))
                doc_add(a, all, expression(b));
        }
    }
    doc_add(a, group, all);
    return group;
}

static struct doc *expression(struct build *b)
{
    return next_is(b, "if") ? conditional(b) : chain(b, LEVEL_PIPE);
}

/* --- sequences of words, expressions, `:`, `=` and `->` --- */

static bool ends_sequence(const struct build *b)
{
    static const char *const ends[] = {",", ";", ")", "]", "}", "{", "for"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (next_is(b, ends[i]))
            return true;
    return at_end(b);
}

static bool is_assignment(const struct build *b)
{
    return next_is(b, "=");
}

/* name: type = value, name = value, value */
static struct doc *element(struct build *b)
{
    struct doc *d = doc_new(b->arena, DOC_CAT);
    const char *between = "";
    while (!ends_sequence(b)) {
        bool tight = next_is(b, ":");
        doc_add(b->arena, d, *between && !tight ? doc_word(b->arena, between) : NULL);
        doc_add(b->arena, d, tight || is_assignment(b) || next_is(b, "->") ? build_token(b) : expression(b));
        between = " ";
    }
    return d->parts.n == 1 ? d->parts.at[0] : d;
}

/* The words that begin a statement or a declaration, and are no operand. */
static bool begins(const struct build *b)
{
    static const char *const words[] = {"import", "const", "network", "block", "input", "output", "for", "if", "return", "train", "private"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (next_is(b, words[i]))
            return !fmt_is(build_peek(b) + 1, "=");
    return false;
}

/* @a @b(...) before a network or a block: on lines as the author has them, the declaration on its own. */
static void add_annotations(struct build *b, struct doc *d)
{
    while (next_is(b, "@")) {
        doc_add(b->arena, d, annotation(b));
        bool same_line = next_is(b, "@") && !build_peek(b)->newline;
        doc_add(b->arena, d, same_line ? doc_word(b->arena, " ") : doc_line(b->arena, " "));
    }
}

struct statement build_statement(struct build *b)
{
    struct arena *a = b->arena;
    struct doc *d = doc_new(a, DOC_CAT);
    struct statement s = {.doc = d};
    const char *between = "";
    add_annotations(b, d);
    bool is_import = next_is(b, "import");
    if (begins(b)) {
        doc_add(a, d, build_token(b));
        between = " ";
    }
    while (!at_end(b) && !next_is(b, ";") && !next_is(b, "}") && (is_import || !next_is(b, "{"))) {
        bool equals = is_assignment(b), comma = next_is(b, ",");
        if (equals && !s.pad && !d->forced) {
            s.width = flat_width(d, DOC_WIDTH);
            doc_add(a, d, s.pad = doc_pad(a));
        }
        if (*between && !comma && !next_is(b, ":"))
            doc_add(a, d, doc_word(a, between));
        if (equals || comma || next_is(b, ":") || next_is(b, "->"))
            doc_add(a, d, build_token(b));
        else if (next_is(b, "@"))
            doc_add(a, d, annotation(b));
        else if (next_is(b, "{"))
            doc_add(a, d, brackets(b, " "));
        else
            doc_add(a, d, expression(b));
        between = " ";
    }
    s.has_body = next_is(b, "{");
    if (s.has_body && d->parts.n)
        doc_add(a, d, doc_word(a, " "));
    if (!at_end(b))
        doc_add(a, d, build_token(b));
    return s;
}
