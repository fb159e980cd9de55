/* Geometry of terms against brute force: chains of random one-dimensional operators, computed step by step on integers, and once
 * more as the single kernel whose extent, stride and pad the rules give. */
#include "compiler/ir/term.h"
#include "tests/unit/random_ir.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 512 };

/* A value on one axis, both ways. */
struct chain {
    int64_t source, rows;
    int64_t v[MOST];    /* rows of them, step by step */
    struct term_axis t; /* the composed kernel */
    int64_t w[MOST];    /* its weights */
};

struct op {
    int64_t k, stride, pad, dilation, w[8];
};

static int64_t reach(const struct op *o)
{
    return (o->k - 1) * o->dilation;
}

static int64_t rows_after(const struct op *o, int64_t rows)
{
    const int64_t room =
        rows + o->pad - reach(o) - 1 + (o->pad > 0 ? o->pad : 0); /* a negative pad shifts, it does not trim the end */
    return room < 0 ? 0 : room / o->stride + 1;
}

static void start(struct chain *c, const int64_t *src, int64_t n)
{
    *c = (struct chain){.source = n, .rows = n, .t = {.k = 1, .stride = 1}, .w = {1}};
    memcpy(c->v, src, (size_t)n * sizeof *src);
}

static void move_weights(int64_t *w, struct term_axis from, struct term_axis to)
{
    int64_t moved[MOST] = {0};
    for (int64_t y = 0; y < from.k; y++) {
        const int64_t at = y + to.pad - from.pad;
        if (at >= 0 && at < to.k)
            moved[at] = w[y];
    }
    memcpy(w, moved, sizeof moved);
}

static void apply(struct chain *c, const struct op *o)
{
    int64_t v[MOST] = {0}, w[MOST] = {0};
    const int64_t rows = rows_after(o, c->rows);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t a = 0; a < o->k; a++) {
            const int64_t at = i * o->stride + a * o->dilation - o->pad;
            v[i] += at >= 0 && at < c->rows ? o->w[a] * c->v[at] : 0;
        }
    const struct term_axis t = term_compose(c->t, o->k, o->stride, o->pad, o->dilation);
    ck_assert_int_le(t.k, MOST);
    for (int64_t a = 0; a < o->k; a++)
        for (int64_t y = 0; y < c->t.k; y++)
            w[a * o->dilation * c->t.stride + y] += o->w[a] * c->w[y];
    memcpy(c->v, v, sizeof v);
    memcpy(c->w, w, sizeof w);
    c->rows = rows;
    c->t = term_crop(t, c->source, rows);
    move_weights(c->w, t, c->t);
}

static void agree(const struct chain *c, const int64_t *src, uint64_t seed)
{
    for (int64_t i = 0; i < c->rows; i++) {
        int64_t z = 0;
        for (int64_t y = 0; y < c->t.k; y++) {
            const int64_t at = i * c->t.stride + y - c->t.pad;
            z += at >= 0 && at < c->source ? c->w[y] * src[at] : 0;
        }
        ck_assert_msg(z == c->v[i], "CNAS_SEED=%llu: row %lld is %lld, composed %lld", (unsigned long long)seed, (long long)i,
                      (long long)c->v[i], (long long)z);
    }
}

static struct op random_op(struct random *r)
{
    struct op o = {.k = 1 + random_below(r, 4),
                   .stride = 1 + random_below(r, 3),
                   .pad = random_below(r, 5) - 2,
                   .dilation = 1 + random_below(r, 2)};
    for (int64_t a = 0; a < o.k; a++)
        o.w[a] = random_below(r, 19) - 9;
    return o;
}

START_TEST(chains)
{
    uint64_t seed = random_seed();
    int padded = 0, cropped = 0, joined = 0;
    for (int trial = 0; trial < 20000; trial++, seed++) {
        struct random r = {seed};
        int64_t src[16];
        struct chain c, d;
        const int64_t n = 1 + random_below(&r, 16);
        for (int64_t i = 0; i < n; i++)
            src[i] = random_below(&r, 199) - 99;
        start(&c, src, n);
        start(&d, src, n);
        for (int step = 0; step < 4; step++) {
            const struct op o = random_op(&r);
            if (rows_after(&o, c.rows) < 1)
                continue;
            if (o.pad > 0 && !term_zero_outside(c.t, c.source, c.rows))
                continue;
            padded += step > 0 && o.pad > 0;
            const int64_t k = term_compose(c.t, o.k, o.stride, o.pad, o.dilation).k;
            if (random_below(&r, 2))
                d = c; /* a second branch that ends one operator earlier, or is the same */
            apply(&c, &o);
            cropped += c.t.k < k;
            agree(&c, src, seed);
        }
        if (c.rows != d.rows || c.t.stride != d.t.stride)
            continue;
        struct term_axis u = term_union(c.t, d.t);
        move_weights(c.w, c.t, u);
        move_weights(d.w, d.t, u);
        for (int64_t i = 0; i < MOST; i++) {
            c.w[i] += d.w[i];
            c.v[i] += d.v[i];
        }
        c.t = u;
        agree(&c, src, seed);
        joined++;
    }
    ck_assert_int_gt(padded, 500); /* the trials did meet what they are meant to meet */
    ck_assert_int_gt(cropped, 500);
    ck_assert_int_gt(joined, 500);
}
END_TEST

/* Examples of plan.h. */
START_TEST(examples)
{
    const struct term_axis point = {.k = 1, .stride = 1, .pad = 0};
    struct term_axis t = term_compose(point, 3, 1, 1, 1); /* padded 3x3 over 14 rows, then the mean of all 14 */
    t = term_crop(term_compose(t, 14, 1, 0, 1), 14, 1);
    ck_assert_int_eq(t.k, 14);
    ck_assert_int_eq(t.pad, 0);
    t = term_compose(term_compose(point, 1, 2, -1, 1), 3, 1, 0, 1); /* every second row from row 1, then 3x3 */
    ck_assert_int_eq(t.k, 5);
    ck_assert_int_eq(t.stride, 2);
    ck_assert_int_eq(t.pad, -1);
    t = term_union((struct term_axis){.k = 1, .stride = 2, .pad = 0}, (struct term_axis){.k = 1, .stride = 2, .pad = -1});
    ck_assert_int_eq(t.k, 2);
    ck_assert_int_eq(t.pad, 0);
}
END_TEST

START_TEST(padding)
{
    ck_assert(term_zero_outside((struct term_axis){1, 1, 0}, 8, 8));   /* a point */
    ck_assert(term_zero_outside((struct term_axis){2, 2, 0}, 8, 4));   /* pool 2x2 of an even map */
    ck_assert(!term_zero_outside((struct term_axis){2, 2, 0}, 9, 4));  /* of an odd one: row 4 would read row 8 */
    ck_assert(!term_zero_outside((struct term_axis){3, 1, 1}, 8, 8));  /* padded 3x3: row -1 reads row 0 */
    ck_assert(!term_zero_outside((struct term_axis){1, 2, -2}, 8, 3)); /* row -1 reads row 0 */
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lower/term");
    TCase *c = tcase_create("term");
    tcase_add_test(c, chains);
    tcase_add_test(c, examples);
    tcase_add_test(c, padding);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
