/* How a diagnostic looks:
 *
 *     net.cnas:3:9: error: unknown name `batchnorm` [E0301]
 *         3 |     y = batchnorm(x);
 *           |         ^~~~~~~~~
 *
 * The line is shown through a window of WINDOW columns around the caret, so that one of a megabyte costs no more than another.
 * A code point is one column, a tab goes to the next multiple of TAB, and bytes that are no printable UTF-8 show as U+FFFD. */
#include "compiler/base/diag.h"
#include "compiler/base/diag_internal.h"
#include "compiler/base/text.h"

#include <string.h>

enum { TAB = 4, WINDOW = 100, BEFORE = 60 };

struct style {
    const char *strong, *error, *warning, *note, *remark, *caret, *plain;
};
static const struct style no_colour = {"", "", "", "", "", "", ""};
static const struct style with_colour = {"\33[1m", "\33[1;31m", "\33[1;35m", "\33[1;36m", "\33[1;34m", "\33[1;32m", "\33[0m"};

/* The length of the well-formed, printable code point at s, or 0 (Unicode 15, table 3-7; C0 and C1 controls count as bad). */
static size_t code_point(const unsigned char *s, size_t n)
{
    if (s[0] < 0x80)
        return s[0] >= 0x20 && s[0] != 0x7f;
    size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || length > n)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool outside = (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf4 && s[1] > 0x8f) || (s[0] == 0xc2 && s[1] < 0xa0);
    return overlong || outside ? 0 : length;
}

/* Where the window on the line starts and ends; never inside a code point at its start. */
static void window(const char *line, size_t n, size_t caret, size_t *from, size_t *to)
{
    *from = 0;
    if (n > WINDOW && caret > BEFORE) {
        *from = caret - BEFORE;
        while (*from < caret && ((unsigned char)line[*from] & 0xc0) == 0x80)
            ++*from;
    }
    *to = n - *from > WINDOW ? *from + WINDOW : n;
}

static void print_line(struct text *t, const struct style *style, struct span at)
{
    int number, column;
    source_position(at.source, at.from, &number, &column);
    size_t n, from, to;
    const char *line = source_line(at.source, number, &n);
    size_t caret = (size_t)column - 1 < n ? (size_t)column - 1 : n;
    size_t end = caret + (at.to > at.from ? at.to - at.from : 1);
    window(line, n, caret, &from, &to);
    if (end > to)
        end = to > caret ? to : caret + 1;

    struct text marks = text_new(t->arena);
    text_add(t, "%5d | %s", number, from ? "..." : "");
    text_add(&marks, "      | %s", from ? "   " : "");
    size_t columns = 0;
    for (size_t i = from; i < to;) {
        const char *mark = i == caret ? "^" : i > caret && i < end ? "~" : " ";
        const char *again = i >= caret && i < end ? "~" : " ";
        if (line[i] == '\t') {
            do {
                text_add(t, " ");
                text_add(&marks, "%s", mark);
                mark = again;
            } while (++columns % TAB);
            i++;
            continue;
        }
        size_t length = code_point((const unsigned char *)line + i, to - i);
        text_add_bytes(t, length ? line + i : "\xef\xbf\xbd", length ? length : 3);
        text_add(&marks, "%s", mark);
        columns++;
        i += length ? length : 1;
    }
    if (caret >= to)
        text_add(&marks, "^");
    text_add(t, "%s\n", to < n ? "..." : "");
    size_t keep = marks.n;
    while (keep && marks.bytes[keep - 1] == ' ')
        keep--;
    text_add(t, "      | %s%.*s%s\n", style->caret, (int)(keep - 8), marks.bytes + 8, style->plain);
}

/* " [E0301]", " [W0003, -Wunused-variable]", " [-Rpass=cse]" */
static void add_code(struct text *t, const struct diag_item *item)
{
    if (item->kind == DIAG_REMARK) {
        text_add(t, " [%s]", item->flag);
        return;
    }
    const char *code = diag_code_text(item->code);
    text_add(t, " [%s", code);
    if (*code == 'W')
        text_add(t, ", -W%s%s", item->kind == DIAG_ERROR ? "error=" : "", diag_warning_name(item->code));
    text_add(t, "]");
}

/* What a message quotes may hold anything: what would steer a terminal shows as U+FFFD. Lines are ended by messages themselves. */
static const char *printable(struct text *scratch, const char *message)
{
    size_t n = strlen(message);
    for (size_t i = 0; i < n;) {
        size_t length = message[i] == '\n' || message[i] == '\t' ? 1 : code_point((const unsigned char *)message + i, n - i);
        text_add_bytes(scratch, length ? message + i : "\xef\xbf\xbd", length ? length : 3);
        i += length ? length : 1;
    }
    return text_str(scratch);
}

/* before: the item printed just before this one, or NULL. The line of a note at the same place is not repeated. */
static void print_item(struct text *t, const struct style *style, const struct diag_item *item, const struct diag_item *before)
{
    static const char *const word[] = {"error", "warning", "note", "remark"};
    const char *const colour[] = {style->error, style->warning, style->note, style->remark};
    text_add(t, "%s", style->strong);
    if (item->at.source) {
        int line, column;
        source_position(item->at.source, item->at.from, &line, &column);
        text_add(t, "%s:%d:%d: ", item->at.source->name, line, column);
    } else if (item->site.file) {
        text_add(t, "%s:%d:%d: ", item->site.file, item->site.line, item->site.column);
    } else {
        text_add(t, "cnasc: ");
    }
    struct text message = text_new(t->arena);
    text_add(t, "%s%s%s:%s %s%s%s", style->plain, colour[item->kind], word[item->kind], style->plain,
             item->kind == DIAG_NOTE ? "" : style->strong, printable(&message, item->text), style->plain);
    if (item->kind != DIAG_NOTE)
        add_code(t, item);
    text_add(t, "\n");
    bool repeated = before && item->kind == DIAG_NOTE && before->at.source == item->at.source && before->at.from == item->at.from;
    if (item->at.source && !repeated)
        print_line(t, style, item->at);
}

void diag_print(const struct diag *d, FILE *out, bool colour)
{
    const struct style *style = colour ? &with_colour : &no_colour;
    struct arena *scratch = arena_new();
    for (size_t i = 0; i < d->items.n; i++) {
        struct text t = text_new(scratch);
        print_item(&t, style, &d->items.at[i], i ? &d->items.at[i - 1] : NULL);
        fwrite(t.bytes, 1, t.n, out);
    }
    if (d->max && d->errors > d->max)
        fprintf(out, "cnasc: %zu more error%s not shown (--max-errors)\n", d->errors - d->max, d->errors - d->max == 1 ? " is" : "s are");
    if (d->max && d->warnings > d->max)
        fprintf(out, "cnasc: %zu more warning%s not shown (--max-errors)\n", d->warnings - d->max,
                d->warnings - d->max == 1 ? " is" : "s are");
    arena_free(&scratch);
}
