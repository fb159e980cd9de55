#include "compiler/fmt/doc.h"

size_t doc_columns(const char *bytes, size_t n)
{
    size_t columns = 0;
    for (size_t i = 0; i < n; i++)
        columns += ((unsigned char)bytes[i] & 0xc0) != 0x80;
    return columns;
}

struct doc *doc_new(struct arena *a, enum doc_kind kind)
{
    struct doc *d = ARENA_NEW(a, struct doc);
    d->kind = kind;
    return d;
}

static struct doc *leaf(struct arena *a, enum doc_kind kind, const char *bytes, size_t n)
{
    struct doc *d = doc_new(a, kind);
    d->bytes = bytes;
    d->n = n;
    d->forced = kind == DOC_COMMENT;
    return d;
}

struct doc *doc_text(struct arena *a, const char *bytes, size_t n)
{
    return leaf(a, DOC_TEXT, bytes, n);
}

struct doc *doc_word(struct arena *a, const char *word)
{
    return leaf(a, DOC_TEXT, word, strlen(word));
}

struct doc *doc_pad(struct arena *a)
{
    return doc_new(a, DOC_PAD);
}

struct doc *doc_line(struct arena *a, const char *flat)
{
    return leaf(a, DOC_LINE, flat, strlen(flat));
}

struct doc *doc_comment(struct arena *a, const char *bytes, size_t n)
{
    return leaf(a, DOC_COMMENT, bytes, n);
}

struct doc *doc_trail(struct arena *a, const char *bytes, size_t n, bool ends)
{
    struct doc *d = leaf(a, DOC_TRAIL, bytes, n);
    d->ends = d->forced = ends;
    return d;
}

void doc_add(struct arena *a, struct doc *to, struct doc *part)
{
    if (!part)
        return;
    to->forced |= part->forced;
    vec_push(a, &to->parts, part);
}

/* --- printing --- */

struct task { /* something to print: a doc, from one of its parts on */
    const struct doc *doc;
    size_t part;
    size_t indent;
    bool broken;
};

struct tasks {
    struct task *at;
    size_t n, cap;
};

/* Whether what follows fits the line up to where it may break next: first the doc laid flat, then what waits in rest, which may break where it can. */
static bool fits(struct arena *a, const struct doc *first, const struct tasks *rest, size_t used)
{
    struct tasks todo = {0};
    size_t waiting = rest->n;
    vec_push(a, &todo, ((struct task){first, 0, 0, false}));
    while (used <= DOC_WIDTH) {
        if (todo.n == 0) {
            if (waiting == 0)
                return true;
            vec_push(a, &todo, rest->at[--waiting]);
        }
        struct task t = todo.at[--todo.n];
        const struct doc *d = t.doc;
        switch (d->kind) {
        case DOC_TEXT:
            used += doc_columns(d->bytes, d->n);
            break;
        case DOC_PAD:
            used += d->pad;
            break;
        case DOC_LINE:
            if (t.broken)
                return true;
            used += d->n;
            break;
        case DOC_COMMENT:
            return true;
        case DOC_TRAIL:
            if (d->ends)
                return true;
            used += doc_columns(d->bytes, d->n) + 1;
            break;
        case DOC_CAT:
        case DOC_INDENT:
        case DOC_ALIGN:
        case DOC_GROUP:
        case DOC_FILL:
            if (t.part < d->parts.n) {
                vec_push(a, &todo, ((struct task){d, t.part + 1, 0, t.broken}));
                vec_push(a, &todo, ((struct task){d->parts.at[t.part], 0, 0, t.broken}));
            }
            break;
        }
    }
    return false;
}

void doc_newline(struct doc_printer *p, size_t indent, bool blank)
{
    text_add_bytes(p->out, "\n\n", blank ? 2 : 1);
    for (size_t i = 0; i < indent; i++)
        text_add_bytes(p->out, " ", 1);
    p->column = indent;
    p->must_break = p->blank = false;
}

static void put(struct doc_printer *p, const char *bytes, size_t n, size_t indent)
{
    if (p->must_break)
        doc_newline(p, indent, false);
    if (p->blank)
        text_add_bytes(p->out, " ", 1);
    p->blank = false;
    text_add_bytes(p->out, bytes, n);
    p->column += doc_columns(bytes, n);
}

/* Blanks wait for what follows them, so that none stands at the end of a line, or at the start of one that a comment made. */
static void put_text(struct doc_printer *p, const struct doc *d, size_t indent)
{
    if (d->n == 1 && d->bytes[0] == ' ') {
        p->column += !p->blank && !p->must_break;
        p->blank = !p->must_break;
    } else if (d->n > 0) {
        put(p, d->bytes, d->n, indent);
    }
}

static bool on_empty_line(const struct text *t)
{
    size_t n = t->n;
    while (n > 0 && t->bytes[n - 1] == ' ')
        n--;
    return n == 0 || t->bytes[n - 1] == '\n';
}

static void put_comment(struct doc_printer *p, const struct doc *d, size_t indent)
{
    if (p->must_break || !on_empty_line(p->out))
        doc_newline(p, indent, false);
    put(p, d->bytes, d->n, indent);
    p->must_break = true;
}

static void put_trail(struct doc_printer *p, const struct doc *d, size_t indent)
{
    if (p->must_break)
        doc_newline(p, indent, false);
    else if (p->out->n && !strchr("([ \n", p->out->bytes[p->out->n - 1]))
        text_add_bytes(p->out, " ", 1);
    p->blank = false;
    if (d->ends)
        vec_push(p->out->arena, &p->trails, (uint32_t)p->out->n);
    text_add_bytes(p->out, d->bytes, d->n);
    p->column += doc_columns(d->bytes, d->n) + 1;
    p->must_break = d->ends;
}

void doc_print(struct doc_printer *p, const struct doc *doc, size_t indent)
{
    struct arena *scratch = arena_new();
    struct tasks todo = {0};
    vec_push(scratch, &todo, ((struct task){doc, 0, indent, true}));
    while (todo.n > 0) {
        struct task t = todo.at[--todo.n];
        const struct doc *d = t.doc;
        switch (d->kind) {
        case DOC_TEXT:
            put_text(p, d, t.indent);
            break;
        case DOC_PAD:
            for (size_t i = 0; i < d->pad; i++)
                put(p, " ", 1, t.indent);
            break;
        case DOC_LINE:
            if (t.broken)
                doc_newline(p, t.indent, d->blank);
            else
                put_text(p, d, t.indent);
            break;
        case DOC_COMMENT:
            put_comment(p, d, t.indent);
            break;
        case DOC_TRAIL:
            put_trail(p, d, t.indent);
            break;
        case DOC_GROUP:
            if (t.part == 0)
                t.broken = d->forced || !fits(scratch, d, &todo, p->column);
            __attribute__((fallthrough));
        case DOC_CAT:
        case DOC_INDENT:
        case DOC_ALIGN:
            if (d->kind == DOC_ALIGN && t.part == 0 && !p->must_break)
                t.indent = p->column;
            if (t.part < d->parts.n) {
                size_t inner = t.indent + (d->kind == DOC_INDENT ? 4 : 0);
                vec_push(scratch, &todo, ((struct task){d, t.part + 1, t.indent, t.broken}));
                vec_push(scratch, &todo, ((struct task){d->parts.at[t.part], 0, inner, t.broken}));
            }
            break;
        case DOC_FILL:
            if (t.part >= d->parts.n)
                break;
            vec_push(scratch, &todo, ((struct task){d, t.part + 1, t.indent, true}));
            const struct doc *part = d->parts.at[t.part];
            bool broken = part->kind != DOC_LINE;
            if (!broken) {
                /* the line and the piece behind it, then whatever follows */
                const struct doc *piece = d->parts.at[t.part + 1];
                struct tasks rest = todo;
                rest.at[rest.n - 1].part++;
                broken = part->forced || p->must_break || !fits(scratch, piece, &rest, p->column + part->n);
                rest.at[rest.n - 1].part--;
            }
            vec_push(scratch, &todo, ((struct task){part, 0, t.indent, broken}));
            break;
        }
    }
    arena_free(&scratch);
}
