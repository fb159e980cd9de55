#include "compiler/base/table.h"

#include <inttypes.h>
#include <stdio.h>

struct table table_new(struct arena *a, const char *align)
{
    if (strlen(align) > TABLE_COLUMNS)
        bug("a table with too many columns");
    return (struct table){.arena = a, .align = align};
}

void table_row(struct table *t, const char *const *cells)
{
    size_t n = strlen(t->align);
    const char **row = ARENA_ARRAY(t->arena, const char *, n);
    for (size_t i = 0; i < n; i++)
        row[i] = cells[i] ? cells[i] : "";
    vec_push(t->arena, &t->rows, row);
}

void table_rule(struct table *t)
{
    vec_push(t->arena, &t->rows, NULL);
}

static void widths(const struct table *t, size_t width[TABLE_COLUMNS])
{
    memset(width, 0, TABLE_COLUMNS * sizeof *width);
    for (size_t r = 0; r < t->rows.n; r++)
        for (size_t i = 0; t->rows.at[r] && t->align[i]; i++)
            width[i] = strlen(t->rows.at[r][i]) > width[i] ? strlen(t->rows.at[r][i]) : width[i];
}

void table_fit(struct table *t, size_t most)
{
    enum { LEAST = 16 };
    size_t width[TABLE_COLUMNS], others = 0;
    widths(t, width);
    for (size_t i = 1; i < strlen(t->align); i++)
        others += 2 + width[i];
    size_t first = others + LEAST < most ? most - others : LEAST;
    for (size_t r = 0; r < t->rows.n; r++)
        if (t->rows.at[r])
            t->rows.at[r][0] = table_shorten(t->arena, t->rows.at[r][0], first);
}

static void print_rule(struct text *out, const size_t *width, size_t n)
{
    size_t whole = n ? 2 * (n - 1) : 0;
    for (size_t i = 0; i < n; i++)
        whole += width[i];
    for (size_t i = 0; i < whole; i++)
        text_add(out, "-");
    text_add(out, "\n");
}

void table_print(struct text *out, const struct table *t)
{
    size_t n = strlen(t->align), width[TABLE_COLUMNS];
    widths(t, width);
    for (size_t r = 0; r < t->rows.n; r++) {
        for (int level = 0; level < out->indent; level++)
            text_add(out, "    ");
        if (!t->rows.at[r]) {
            print_rule(out, width, n);
            continue;
        }
        size_t last = n;
        while (last > 0 && !*t->rows.at[r][last - 1])
            last--;
        for (size_t i = 0; i < last; i++) {
            bool right = t->align[i] == 'r';
            int pad = right || i + 1 < last ? (int)width[i] : 0;
            text_add(out, "%s%*s", i ? "  " : "", right ? pad : -pad, t->rows.at[r][i]);
        }
        text_add(out, "\n");
    }
}

const char *table_number(struct arena *a, int64_t value)
{
    char digits[24], out[32];
    int n = snprintf(digits, sizeof digits, "%" PRIu64, value < 0 ? -(uint64_t)value : (uint64_t)value), m = 0;
    if (value < 0)
        out[m++] = '-';
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            out[m++] = ',';
        out[m++] = digits[i];
    }
    return arena_strndup(a, out, (size_t)m);
}

const char *table_shorten(struct arena *a, const char *s, size_t most)
{
    size_t n = strlen(s), head = (most - 2) / 2, tail = most - 2 - head;
    return n <= most ? s : arena_printf(a, "%.*s..%s", (int)head, s, s + n - tail);
}
