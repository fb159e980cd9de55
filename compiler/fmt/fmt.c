/* Statements, bodies and declarations: what stands on lines of its own. Expressions are build.c's, line breaks doc.c's. */
#include "compiler/fmt/fmt.h"

#include "compiler/fmt/build.h"
#include "compiler/fmt/trail.h"

enum { INDENT = 4, MOST_PADDING = 10 };

struct items {
    struct item *at;
    size_t n, cap;
};

struct part { /* a header and its body: an if has several */
    struct statement head;
    struct items body;
    const struct fmt_token *open, *close; /* the braces */
    struct doc *close_doc;
    bool one_line;
};

struct item { /* a statement or a declaration */
    const struct fmt_token *first;
    struct statement head;
    struct {
        struct part *at;
        size_t n, cap;
    } parts; /* none: head is all */
};

/* --- from tokens to items --- */

static struct items read_items(struct build *b);

static bool on_one_line(const struct build *b, size_t open)
{
    for (size_t i = open + 1; i <= b->match[open]; i++)
        if (b->tokens.at[i].newline || b->tokens.at[i].before.n || b->tokens.at[i - 1].behind.n)
            return false;
    return true;
}

static struct part read_part(struct build *b, struct statement head)
{
    struct part p = {.head = head, .open = build_peek(b) - 1};
    size_t open = b->at - 1;
    p.one_line = on_one_line(b, open);
    p.body = read_items(b);
    p.close = build_peek(b);
    b->own_comments = b->at;
    p.close_doc = build_token(b);
    p.one_line &= p.body.n > 0;
    for (size_t i = 0; i < p.body.n; i++)
        p.one_line &= p.body.at[i].parts.n == 0;
    return p;
}

static struct item read_item(struct build *b)
{
    struct item item = {.first = build_peek(b)};
    b->own_comments = b->at;
    item.head = build_statement(b);
    if (!item.head.has_body)
        return item;
    vec_push(b->arena, &item.parts, read_part(b, item.head));
    while (fmt_is(build_peek(b), "else")) {
        struct statement head = {.doc = doc_new(b->arena, DOC_CAT)};
        doc_add(b->arena, head.doc, doc_word(b->arena, " "));
        doc_add(b->arena, head.doc, build_token(b));
        doc_add(b->arena, head.doc, doc_word(b->arena, " "));
        doc_add(b->arena, head.doc, build_statement(b).doc);
        vec_push(b->arena, &item.parts, read_part(b, head));
    }
    for (size_t i = 0; item.parts.n > 1 && i < item.parts.n; i++)
        item.parts.at[i].one_line = false;
    return item;
}

static struct items read_items(struct build *b)
{
    struct items items = {0};
    while (build_peek(b)->n && !fmt_is(build_peek(b), "}"))
        vec_push(b->arena, &items, read_item(b));
    return items;
}

/* --- alignment of `=` --- */

static bool fits_line(struct arena *a, const struct item *item, size_t indent)
{
    struct text t = text_new(a);
    struct doc_printer p = {.out = &t};
    doc_print(&p, item->head.doc, indent);
    size_t end = p.trails.n ? p.trails.at[0] - 1 : t.n;
    return !(t.n && memchr(t.bytes, '\n', t.n)) && indent + doc_columns(t.bytes, end) <= DOC_WIDTH;
}

static bool joins_run(const struct item *before, const struct item *item)
{
    static const char *const words[] = {"const", "output"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (fmt_is(before->first, words[i]) != fmt_is(item->first, words[i]))
            return false;
    return item->head.pad && !item->first->before.n && !item->first->blank;
}

/* Assignments on lines one below the other have their `=` in one column, if that takes no more than MOST_PADDING blanks and no line
 * gets too long. */
static void align(struct arena *a, struct items items, size_t indent)
{
    for (size_t from = 0, to; from < items.n; from = to) {
        to = from + 1;
        size_t narrow = items.at[from].head.width, wide = narrow;
        if (!items.at[from].head.pad || !fits_line(a, &items.at[from], indent))
            continue;
        for (; to < items.n && joins_run(&items.at[to - 1], &items.at[to]) && fits_line(a, &items.at[to], indent); to++) {
            size_t width = items.at[to].head.width;
            size_t least = width < narrow ? width : narrow, most = width > wide ? width : wide;
            if (most - least > MOST_PADDING)
                break;
            narrow = least;
            wide = most;
        }
        bool good = true;
        for (size_t i = from; i < to; i++) {
            items.at[i].head.pad->pad = wide - items.at[i].head.width;
            good &= fits_line(a, &items.at[i], indent);
        }
        for (size_t i = from; !good && i < to; i++)
            items.at[i].head.pad->pad = 0;
    }
}

/* --- printing --- */

/* Those on lines of their own before t. blank: an empty line before the first. */
static void print_comments(struct doc_printer *p, const struct fmt_token *t, size_t indent, bool blank)
{
    for (size_t i = 0; i < t->before.n; i++) {
        if (p->out->n)
            doc_newline(p, indent, i ? t->before.at[i].blank : blank);
        text_add_bytes(p->out, t->before.at[i].bytes, t->before.at[i].n);
    }
}

static void print_items(struct doc_printer *p, struct items items, size_t indent);

/* False, and nothing is printed, if it does not fit. */
static bool print_one_line(struct doc_printer *p, const struct part *part, size_t indent)
{
    struct text t = text_new(p->out->arena);
    struct doc_printer one = {.out = &t};
    for (size_t i = 0; i < part->body.n; i++) {
        text_add(&t, " ");
        doc_print(&one, part->body.at[i].head.doc, indent);
    }
    if (memchr(t.bytes, '\n', t.n) || p->column + doc_columns(t.bytes, t.n) + 2 > DOC_WIDTH)
        return false;
    text_add(p->out, "%s ", text_str(&t));
    doc_print(p, part->close_doc, indent);
    return true;
}

static void print_part(struct doc_printer *p, const struct part *part, size_t indent)
{
    doc_print(p, part->head.doc, indent);
    if (part->one_line && print_one_line(p, part, indent))
        return;
    print_items(p, part->body, indent + INDENT);
    print_comments(p, part->close, indent + INDENT, part->body.n && part->close->blank);
    if (part->body.n || part->close->before.n || part->open->behind.n)
        doc_newline(p, indent, false);
    doc_print(p, part->close_doc, indent);
}

static void print_item(struct doc_printer *p, const struct item *item, size_t indent)
{
    if (item->parts.n == 0)
        doc_print(p, item->head.doc, indent);
    for (size_t i = 0; i < item->parts.n; i++)
        print_part(p, &item->parts.at[i], indent);
}

static void print_items(struct doc_printer *p, struct items items, size_t indent)
{
    align(p->out->arena, items, indent);
    for (size_t i = 0; i < items.n; i++) {
        const struct item *item = &items.at[i];
        bool apart = indent == 0 && i > 0 && (item->parts.n || item[-1].parts.n); /* blocks and networks */
        bool blank = i > 0 && (apart || item->first->blank);
        print_comments(p, item->first, indent, blank);
        if (p->out->n)
            doc_newline(p, indent, item->first->before.n ? item->first->blank_here : blank);
        print_item(p, item, indent);
    }
}

/* What is printed must hold the tokens and comments of the source in their order. */
static void check(struct arena *a, const struct source *s, const struct text *out)
{
    struct fmt_tokens sides[2] = {fmt_tokens(a, s), fmt_tokens(a, source_new(a, s->name, text_str(out), out->n))};
    struct text flat[2] = {text_new(a), text_new(a)};
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < sides[i].n; k++) {
            const struct fmt_token *t = &sides[i].at[k];
            for (size_t c = 0; c < t->before.n; c++)
                text_add(&flat[i], "%.*s\n", (int)t->before.at[c].n, t->before.at[c].bytes);
            text_add(&flat[i], "%.*s\n", (int)t->n, t->bytes);
            for (size_t c = 0; c < t->behind.n; c++)
                text_add(&flat[i], "%.*s\n", (int)t->behind.at[c].n, t->behind.at[c].bytes);
        }
    if (strcmp(text_str(&flat[0]), text_str(&flat[1])) != 0)
        bug("formatting would change the file's meaning or its comments");
}

void fmt_source(struct text *out, const struct source *s)
{
    struct arena *a = arena_new();
    struct text t = text_new(a);
    struct build b = build_new(a, fmt_tokens(a, s));
    struct doc_printer p = {.out = &t};
    struct items items = read_items(&b);
    print_items(&p, items, 0);
    print_comments(&p, build_peek(&b), 0, items.n && build_peek(&b)->blank);
    if (t.n)
        text_add(&t, "\n");
    struct text aligned = text_new(a);
    trail_align(&aligned, &t, p.trails.at, p.trails.n);
    check(a, s, &aligned);
    text_add_bytes(out, text_str(&aligned), aligned.n);
    arena_free(&a);
}
