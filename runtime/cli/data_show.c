/* cnas-data show: a contact sheet. */
#include "runtime/cli/data_tool.h"

#include "runtime/cli/args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SHOWN = 4096, CELL = 64 /* at least so many pixels, if the image is smaller */, GAP = 2, GREY = 128, MAX_SIDE = 20000 };

struct sheet {
    size_t image[MAX_SHOWN]; /* row by row; SIZE_MAX: none there */
    size_t rows, columns;
    int by_class;
};

/* The first images of each class, a row each. */
static int by_class(struct sheet *t, const struct cnas_dataset *d, size_t columns)
{
    t->by_class = 1;
    t->columns = columns;
    t->rows = d->classes;
    if (t->rows * columns > MAX_SHOWN)
        return cn_fail(2, "--count: %zu images of %zu classes are more than %d", columns, t->rows, MAX_SHOWN);
    for (size_t i = 0; i < t->rows * columns; i++)
        t->image[i] = SIZE_MAX;
    for (size_t i = 0; i < d->n; i++) {
        size_t *row = t->image + d->labels[i] * columns, k = 0;
        while (k < columns && row[k] != SIZE_MAX)
            k++;
        if (k < columns)
            row[k] = i;
    }
    return -1;
}

static int by_index(struct sheet *t, const struct cnas_dataset *d, const char *const *text, size_t n, size_t columns)
{
    t->columns = n < columns ? n : columns;
    t->rows = (n + t->columns - 1) / t->columns;
    for (size_t i = 0; i < t->rows * t->columns; i++)
        t->image[i] = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        uint64_t v;
        const char *end = cn_digits(&v, text[i], 0, SIZE_MAX);
        if (!end || *end)
            return cn_fail(2, "`%s' is not the number of an image", text[i]);
        if (v >= d->n)
            return cn_fail(1, "there is no image %s: the part has %zu, counted from 0", text[i], d->n);
        t->image[i] = (size_t)v;
    }
    return -1;
}

static int draw(const struct sheet *t, const struct cnas_dataset *d, const char *out)
{
    const size_t larger = d->h > d->w ? d->h : d->w, scale = larger < CELL ? CELL / larger : 1;
    const size_t cell_h = d->h * scale + GAP, cell_w = d->w * scale + GAP, h = t->rows * cell_h + GAP, w = t->columns * cell_w + GAP;
    struct cnas_error err;
    if (h > MAX_SIDE || w > MAX_SIDE)
        return cn_fail(1, "the sheet would be %zu pixels wide and %zu high: show fewer images, or --resize them", w, h);
    uint8_t *sheet = malloc(d->c * h * w);
    if (!sheet)
        return cn_fail(1, "no memory for a sheet of %zu x %zu pixels", w, h);
    memset(sheet, GREY, d->c * h * w);
    for (size_t i = 0; i < t->rows * t->columns; i++)
        for (size_t y = 0; y < d->h * scale && t->image[i] != SIZE_MAX; y++)
            for (size_t x = 0; x < d->w * scale; x++)
                for (size_t c = 0; c < d->c; c++)
                    sheet[(c * h + GAP + i / t->columns * cell_h + y) * w + GAP + i % t->columns * cell_w + x] =
                        d->pixels[((t->image[i] * d->c + c) * d->h + y / scale) * d->w + x / scale];
    const enum cnas_status status = cnas_image_save(out, sheet, d->c, (uint32_t)h, (uint32_t)w, &err);
    free(sheet);
    return status ? cn_fail(1, "%s", err.text) : -1;
}

static void list(const struct sheet *t, const struct cn_data_set *s, const struct cnas_dataset *d, const char *out)
{
    printf("wrote %s: %zu row%s of %zu\n", out, t->rows, t->rows == 1 ? "" : "s", t->columns);
    for (size_t r = 0; r < t->rows; r++) {
        printf("row %zu:", r + 1);
        for (size_t k = 0; k < t->columns; k++) {
            const size_t i = t->image[r * t->columns + k];
            if (i != SIZE_MAX)
                printf(" %zu=%u", i, d->labels[i]);
        }
        const char *name = t->by_class ? cn_class_name(s, (uint32_t)r) : "";
        printf("%s%s\n", *name ? "  " : "", name);
    }
}

int cn_data_show(int argc, char **argv)
{
    static const char *operand[MAX_SHOWN + 1];
    static struct sheet t;
    struct cn_data_wish w = {.channels = 3};
    const char *out = NULL, *part = "train";
    uint64_t count = 10;
    const struct cn_arg options[] = {
        {"out", CN_ARG_STRING, &out, "SHEET.png", "the picture (or -o SHEET.png)", 0, 0},
        {"part", CN_ARG_STRING, &part, "PART", "train or test (default train)", 0, 0},
        {"count", CN_ARG_UINT, &count, "N", "images in a row (default 10)", 1, 100}, CN_DATA_CHANNELS(w), CN_DATA_RESIZE(w)};
    size_t n;
    struct cn_data_set s;
    int status = cn_args_parse(argc, argv, options, sizeof options / sizeof *options, operand, MAX_SHOWN + 1, &n,
                               "[OPTION]... DIR [N...] -o SHEET.png",
                               "Draws images of a data set on one sheet: the first ones of each class, a row for a class, or those with\n"
                               "the numbers N, counted from 0. Prints number and label of each, row by row.");
    if (status >= 0)
        return status;
    if (!n || !out)
        return cn_fail(2, "give the folder of a data set and -o SHEET.png; see %s --help", cn_program());
    if (strcmp(part, "train") && strcmp(part, "test"))
        return cn_fail(2, "--part: train or test, not `%s'", part);
    const int which = strcmp(part, "test") ? CN_TRAIN : CN_TEST;
    status = cn_data_open(&s, operand[0], &w, which);
    if (status < 0)
        status = n > 1 ? by_index(&t, &s.part[which], operand + 1, n - 1, count) : by_class(&t, &s.part[which], count);
    if (status < 0)
        status = draw(&t, &s.part[which], out);
    if (status < 0)
        list(&t, &s, &s.part[which], out);
    cn_data_close(&s);
    return status < 0 ? 0 : status;
}
