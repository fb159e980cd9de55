/* cnas-data info. */
#include "runtime/cli/data_tool.h"

#include "runtime/cli/args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void count_classes(size_t *count, const struct cnas_dataset *d)
{
    for (size_t i = 0; i < d->n; i++)
        count[d->labels[i]]++;
}

static int print_classes(const struct cn_data_set *s)
{
    size_t *train = calloc(2 * (size_t)s->classes + 1, sizeof *train), *test = train + s->classes;
    uint32_t empty = 0, last = 0;
    if (!train)
        return cn_fail(1, "no memory to count %u classes", s->classes);
    count_classes(train, &s->part[CN_TRAIN]);
    count_classes(test, &s->part[CN_TEST]);
    printf("classes: %u\n   label    train     test  name\n", s->classes);
    for (uint32_t c = 0; c < s->classes; c++) {
        const char *name = cn_class_name(s, c);
        printf("%8u %8zu %8zu%s%s\n", c, train[c], test[c], *name ? "  " : "", name);
        if (s->found.train && !train[c]) {
            empty++;
            last = c;
        }
    }
    if (empty == 1)
        printf("warning: class %u has no training image\n", last);
    else if (empty)
        printf("warning: %u classes have no training image\n", empty);
    free(train);
    return -1;
}

static void print_moments(const struct cnas_dataset *d, const char *part)
{
    double mean[3], std[3];
    int flat = 0;
    cnas_dataset_moments(mean, std, d);
    for (int list = 0; list < 2; list++) {
        printf("%s", list ? "], std = [" : "normalize: @normalize(mean = [");
        for (uint32_t c = 0; c < d->c; c++) {
            flat |= std[c] < 0.00005;
            printf("%s%.4f", c ? ", " : "", list ? (std[c] < 0.00005 ? 1 : std[c]) : mean[c]);
        }
    }
    printf("])   (of %s)\n", part);
    if (flat)
        printf("warning: a channel has the same value everywhere; its std is written as 1\n");
}

/* --- images that are there more than once --- */

struct key {
    uint64_t hash;
    uint32_t at, part;
};

struct search {
    const struct cn_data_set *s;
    size_t image; /* bytes */
};

/* FNV-1a, 64 bits: only candidates; equal ones are compared byte by byte. */
static uint64_t hash_of(const uint8_t *p, size_t n)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    return h;
}

static int by_hash(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    if (x->part != y->part)
        return x->part < y->part ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static const uint8_t *pixels_of(const struct search *f, const struct key *k)
{
    return f->s->part[k->part].pixels + k->at * f->image;
}

static uint32_t label_of(const struct search *f, const struct key *k)
{
    return f->s->part[k->part].labels[k->at];
}

struct copies {
    size_t n, other_label; /* images that are there before; with another label */
    struct key first, of;  /* one of them, and what it is a copy of */
};

static void note(struct copies *c, const struct search *f, const struct key *k, const struct key *of)
{
    if (!c->n || k->at < c->first.at) {
        c->first = *k;
        c->of = *of;
    }
    c->n++;
    c->other_label += label_of(f, k) != label_of(f, of);
}

static void tell(const struct copies *c, const char *what)
{
    if (c->n)
        printf("warning: %zu %s (the first: %s %u as %s %u); %zu of them with another label\n", c->n, what, cn_part_name[c->first.part],
               c->first.at, cn_part_name[c->of.part], c->of.at, c->other_label);
}

static int print_duplicates(const struct cn_data_set *s)
{
    const size_t n[2] = {s->part[CN_TRAIN].n, s->part[CN_TEST].n};
    const struct cnas_dataset *d = &s->part[n[CN_TRAIN] ? CN_TRAIN : CN_TEST];
    const struct search f = {s, (size_t)d->c * d->h * d->w};
    struct copies within[2] = {{0}}, leaked = {0};
    struct key *key = malloc((n[0] + n[1]) * sizeof *key);
    size_t count = 0;
    if (!key)
        return cn_fail(1, "no memory to compare %zu images", n[0] + n[1]);
    for (uint32_t p = 0; p < 2; p++)
        for (uint32_t i = 0; i < n[p]; i++) {
            key[count] = (struct key){0, i, p};
            key[count].hash = hash_of(pixels_of(&f, &key[count]), f.image);
            count++;
        }
    qsort(key, count, sizeof *key, by_hash);
    for (size_t i = 1, start = 0; i < count; i++) {
        if (key[i].hash != key[i - 1].hash)
            start = i;
        size_t j = start; /* the first that is equal, in train if one is */
        while (j < i && memcmp(pixels_of(&f, &key[j]), pixels_of(&f, &key[i]), f.image))
            j++;
        if (j < i)
            note(key[j].part != key[i].part ? &leaked : &within[key[i].part], &f, &key[i], &key[j]);
    }
    free(key);
    tell(&leaked, "test images are training images too");
    tell(&within[CN_TRAIN], "training images are there before");
    tell(&within[CN_TEST], "test images are there before");
    return -1;
}

static int print_all(const struct cn_data_set *s)
{
    const struct cnas_dataset *train = &s->part[CN_TRAIN], *test = &s->part[CN_TEST];
    printf("form: %s\n", cnas_dataset_form_name(s->found.form));
    for (int p = 0; p < 2; p++)
        if (s->part[p].n)
            printf("%s: %zu images of %ux%ux%u\n", cn_part_name[p], s->part[p].n, s->part[p].c, s->part[p].h, s->part[p].w);
        else
            printf("%s: none\n", cn_part_name[p]);
    int status = print_classes(s);
    if (status >= 0)
        return status;
    print_moments(train->n ? train : test, cn_part_name[train->n ? CN_TRAIN : CN_TEST]);
    if (train->n && test->n && (train->c != test->c || train->h != test->h || train->w != test->w)) {
        printf("warning: training and test images have different sizes\n");
        return 0;
    }
    status = print_duplicates(s);
    return status < 0 ? 0 : status;
}

int cn_data_info(int argc, char **argv)
{
    struct cn_data_wish w = {.channels = 3};
    const struct cn_arg options[] = {CN_DATA_CHANNELS(w), CN_DATA_RESIZE(w)};
    const char *dir[1];
    size_t n;
    struct cn_data_set s;
    int status = cn_args_parse(argc, argv, options, sizeof options / sizeof *options, dir, 1, &n, "[OPTION]... DIR",
                               "Says what a data set holds: its form, the images of each class, their mean and standard deviation as a\n"
                               "line for a .cnas file, and what looks wrong: classes without images, test images that are trained on.");
    if (status >= 0)
        return status;
    if (!n)
        return cn_fail(2, "give the folder of a data set; see %s --help", cn_program());
    status = cn_data_open(&s, dir[0], &w, -1);
    if (status < 0)
        status = print_all(&s);
    cn_data_close(&s);
    return status;
}
