/* Several ranks, which are threads here, train a residual network on the engine: with synchronised batch norm they get what one rank gets
 * from the whole batch, up to rounding, wherever the engine hides its batch norms: in Winograd kernels before and behind, in joins of one
 * and of two normalised branches, made again in the backward pass or kept. */
#include "compiler/ir/print.h"
#include "compiler/oracle/oracle.h"
#include "runtime/base/clock.h"
#include "runtime/engine/run.h"
#include "runtime/engine/tuning.h"
#include "runtime/engine/wino.h"
#include "tests/support/thread_group.h"

#include <cnas/train.h>

#include <check.h>
#include <dirent.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A stem, a block with an identity, and one that halves the map, with a projection; 20 channels do not fill their blocks. */
static const char network[] = "ir 1\n"
                              "network Residual\n"
                              "train lr_max=0.05 lr_min=0.01 momentum=0.9 weight_decay=0.0005 nesterov=true epochs=2 batch=40\n"
                              "%image = input 3x12x12\n"
                              "%stem = conv %image channels=16 kh=3 kw=3 pad_y=1 pad_x=1\n"
                              "%stem_bn = batch_norm %stem\n"
                              "%stem_relu = relu %stem_bn\n"
                              "%a1 = conv %stem_relu channels=16 kh=3 kw=3 pad_y=1 pad_x=1\n"
                              "%a1_bn = batch_norm %a1\n"
                              "%a1_relu = relu %a1_bn\n"
                              "%a2 = conv %a1_relu channels=16 kh=3 kw=3 pad_y=1 pad_x=1\n"
                              "%a2_bn = batch_norm %a2\n"
                              "%a_sum = add %a2_bn %stem_relu\n"
                              "%a = relu %a_sum\n"
                              "%b1 = conv %a channels=20 kh=3 kw=3 stride=2 pad_y=1 pad_x=1\n"
                              "%b1_bn = batch_norm %b1\n"
                              "%b1_relu = relu %b1_bn\n"
                              "%b2 = conv %b1_relu channels=20 kh=3 kw=3 pad_y=1 pad_x=1\n"
                              "%b2_bn = batch_norm %b2\n"
                              "%shortcut = conv %a channels=20 kh=1 kw=1 stride=2\n"
                              "%shortcut_bn = batch_norm %shortcut\n"
                              "%b_sum = add %b2_bn %shortcut_bn\n"
                              "%b = relu %b_sum\n"
                              "%c1 = conv %b channels=20 kh=3 kw=3 pad_y=1 pad_x=1\n"
                              "%c1_bn = batch_norm %c1\n"
                              "%c1_relu = relu %c1_bn\n"
                              "%c2 = conv %c1_relu channels=20 kh=3 kw=3 pad_y=1 pad_x=1\n"
                              "%c2_bn = batch_norm %c2\n"
                              "%c_sum = add %c2_bn %b\n"
                              "%c = relu %c_sum\n"
                              "%pool = global_avg_pool %c\n"
                              "%drop = dropout %pool rate=0.1\n"
                              "%fc = linear %drop features=4\n"
                              "output logits = %fc\n"
                              "end\n";

/* 82 images in batches of 40: the last of an epoch has two, so that one of three ranks has none. */
enum { IMAGES = 82, CLASSES = 4, PIXELS = 3 * 12 * 12, MOST = 3 };

static struct arena *arena;
static const struct cnas_model *model;
static uint8_t pixels[IMAGES * PIXELS];
static uint32_t labels[IMAGES];
static struct cnas_dataset data;
static char cache[] = "/tmp/cnas-group-XXXXXX"; /* what is measured here is remembered here */

static void setup(void)
{
    struct ir_read_error error;
    struct plan_refusal why;
    uint32_t state = 1;
    arena = arena_new();
    const struct ir_graph *g = ir_read(arena, network, strlen(network), &error);
    ck_assert_msg(g != NULL, "line %d: %s", g ? 0 : error.line, g ? "" : error.why);
    const struct plan *p = plan_lower(arena, g, PLAN_CLEAR, &why);
    ck_assert_msg(p != NULL, "%s", p ? "" : why.text);
    model = oracle_model(arena, p);
    for (int i = 0; i < IMAGES; i++) {
        labels[i] = (uint32_t)i % CLASSES;
        for (int k = 0; k < PIXELS; k++) {
            state = state * 1664525u + 1013904223u; /* Numerical Recipes' generator */
            pixels[i * PIXELS + k] = (uint8_t)((state >> 25) + 40 * ((unsigned)(k / (1 << labels[i])) & 1));
        }
    }
    data = (struct cnas_dataset){3, 12, 12, CLASSES, IMAGES, pixels, labels};
}

static void teardown(void)
{
    arena_free(&arena);
}

struct rank {
    const struct cnas_group *group;
    enum cnas_precision precision;
    int sync, recompute, implausible;
    float *params;
    double loss, began_s;
    char engine[64];
    enum cnas_status status;
    struct cnas_error err;
    pthread_t thread;
};

/* What is told of the time of some steps: each part once, and together no more than they took. */
static int is_plausible(const struct cnas_train_progress *p, double took_s, int grouped)
{
    static const char *const expected[] = {"convolution", "batch norm, addition, ReLU", "gradients of weights", "packing weights", "loss", "update",
                                           "batches", "waiting for ranks"};
    enum { EXPECTED = sizeof expected / sizeof *expected };
    double sum = 0;
    int found = 0;
    for (size_t i = 0; i < p->n_parts; i++) {
        const struct cnas_train_part *part = &p->parts[i];
        for (int k = 0; k < EXPECTED; k++)
            found |= !strcmp(part->name, expected[k]) << k;
        if (part->forward_s < 0 || part->backward_s < 0 || part->other_s < 0)
            return 0;
        sum += part->forward_s + part->backward_s + part->other_s;
    }
    return found == (grouped ? (1 << EXPECTED) - 1 : (1 << (EXPECTED - 1)) - 1) && sum > 0 && sum < took_s;
}

static int watch(void *user, const struct cnas_train_progress *p)
{
    struct rank *r = user;
    if (p->event == CNAS_TRAIN_START)
        snprintf(r->engine, sizeof r->engine, "%s", p->engine);
    if (p->event != CNAS_TRAIN_STEP)
        return 0;
    r->loss = p->loss;
    r->implausible |= !is_plausible(p, cn_clock_s() - r->began_s, r->group != NULL);
    return 0;
}

static void *rank_main(void *argument)
{
    struct rank *r = argument;
    struct cnas_ctx *ctx = NULL;
    struct cnas_train_options o;
    const struct cnas_train_sets sets = {.train = &data};
    const struct cnas_train_control control = {.group = r->group, .sync_batch_norm = r->sync, .recompute = r->recompute, .callback = watch,
                                               .user = r};
    cnas_train_defaults(&o, model);
    o.engine = CNAS_ENGINE_DNNL;
    o.precision = r->precision;
    if (cnas_ctx_new(&ctx, 1))
        abort();
    r->began_s = cn_clock_s();
    r->status = cnas_train(r->params, ctx, model, &sets, &o, &control, &r->err);
    cnas_ctx_free(&ctx);
    return NULL;
}

static void run(struct rank *ranks, unsigned n, const struct rank *like)
{
    struct thread_groups *all = n > 1 ? thread_groups_new(n, 0, 0) : NULL;
    for (unsigned i = 0; i < n; i++) {
        ranks[i] = *like;
        ranks[i].group = all ? thread_group(all, i) : NULL;
        ranks[i].params = ARENA_ARRAY(arena, float, model->params_floats);
        cnas_params_init(ranks[i].params, model, 1 + i); /* rank 0's count */
        ck_assert_int_eq(pthread_create(&ranks[i].thread, NULL, rank_main, &ranks[i]), 0);
    }
    for (unsigned i = 0; i < n; i++)
        ck_assert_int_eq(pthread_join(ranks[i].thread, NULL), 0);
    for (unsigned i = 0; i < n; i++) {
        ck_assert_msg(ranks[i].status == CNAS_OK, "rank %u: %s", i, ranks[i].err.text);
        ck_assert_mem_eq(ranks[i].params, ranks[0].params, model->params_floats * sizeof(float));
        ck_assert(ranks[i].loss == ranks[0].loss);
        ck_assert(!ranks[i].implausible);
        ck_assert_msg(!strncmp(ranks[i].engine, "dnnl", 4), "%s", ranks[i].engine);
    }
    if (all)
        thread_groups_free(&all);
}

/* Of all parameters and running statistics. */
static double distance(const float *a, const float *b)
{
    double sum = 0, size = 0;
    for (size_t i = 0; i < model->params_floats; i++) {
        sum += pow((double)a[i] - (double)b[i], 2);
        size += pow((double)b[i], 2);
    }
    return sqrt(sum / size);
}

static int has_engine(void)
{
    struct cnas_error err;
    if (!cn_engine_available(&err))
        return 1;
    printf("not tested: %s\n", err.text);
    return 0;
}

/* Otherwise the tests below would not be about what they say. */
START_TEST(what_is_fused)
{
    struct cnas_ctx *ctx;
    struct cn_engine *e;
    struct cn_engine_tuning *tuning;
    struct cnas_error err;
    int sums = 0, joins = 0, projections = 0, virtual_values = 0, virtual_gradients = 0;
    if (!has_engine())
        return;
    ck_assert_int_eq(cnas_ctx_new(&ctx, 1), CNAS_OK);
    ck_assert_int_eq(cn_engine_tuning_new(&tuning, NULL, NULL), CNAS_OK);
    const struct cn_engine_options o = {.training = 1, .batch = 20, .tuning = tuning};
    ck_assert_msg(!cn_engine_new(&e, ctx, model, &o, &err), "%s", err.text);
    int fits = 0;
    for (uint32_t i = 0; i < e->g.n_units; i++) {
        const struct cn_engine_unit *u = &e->g.units[i];
        fits += u->kind == CN_ENGINE_CONV && cn_engine_wino_fits(u->layer->window);
        sums += u->wino && u->sums;
        joins += u->kind == CN_ENGINE_SUM && u->n_x == 2 && u->norm[0] && !u->norm[1];
        projections += u->kind == CN_ENGINE_SUM && u->norm[0] && u->norm[1];
    }
    for (uint32_t v = 0; v < e->g.n_values; v++) {
        virtual_values += e->g.values[v].is_virtual;
        virtual_gradients += e->g.values[v].behind != CN_ENGINE_NONE;
    }
    ck_assert_int_eq(joins, 2);
    ck_assert_int_eq(projections, 1);
    if (fits) { /* the processor has the vectors for our Winograd kernels; the stem reads plain floats */
        ck_assert_int_eq(fits, 6);
        ck_assert_int_eq(sums, 5);
        ck_assert_int_ge(virtual_values, 3);
        ck_assert_int_ge(virtual_gradients, 4);
    }
    cn_engine_free(&e);
    cn_engine_tuning_free(&tuning);
    cnas_ctx_free(&ctx);
}
END_TEST

/* What rounding may do in six steps, by precision, and how much further away a training is whose ranks keep their statistics to themselves. */
static const struct {
    enum cnas_precision precision;
    double close, apart;
} cases[] = {{CNAS_PRECISION_FP32, 1e-5, 1000}, {CNAS_PRECISION_BF16, 1e-2, 3}};

START_TEST(equals_one_rank)
{
    const int recompute = _i & 1;
    const struct rank whole = {.precision = cases[_i >> 1].precision, .recompute = recompute}, own = whole;
    struct rank sync = whole, one, ranks[MOST];
    sync.sync = 1;
    if (!has_engine())
        return;
    run(&one, 1, &whole);
    for (unsigned n = 2; n <= MOST; n++) {
        run(ranks, n, &sync);
        const double gap = distance(ranks[0].params, one.params), loss = fabs(ranks[0].loss - one.loss);
        run(ranks, n, &own);
        const double apart = distance(ranks[0].params, one.params);
        printf("%s, %u ranks: %.1e away, loss %.1e; without synchronisation %.1e\n", one.engine, n, gap, loss, apart);
        ck_assert_double_lt(gap, cases[_i >> 1].close);
        ck_assert_double_lt(loss, cases[_i >> 1].close);
        ck_assert_double_gt(apart, cases[_i >> 1].apart * gap);
    }
}
END_TEST

static void remove_cache(void)
{
    char path[512];
    snprintf(path, sizeof path, "%s/cnas", cache);
    DIR *d = opendir(path);
    for (struct dirent *f; d && (f = readdir(d));) {
        snprintf(path, sizeof path, "%s/cnas/%s", cache, f->d_name);
        unlink(path);
    }
    if (d)
        closedir(d);
    snprintf(path, sizeof path, "%s/cnas", cache);
    rmdir(path);
    rmdir(cache);
}

int main(void)
{
    if (!mkdtemp(cache) || setenv("XDG_CACHE_HOME", cache, 1))
        return 1;
    Suite *s = suite_create("group_engine");
    TCase *t = tcase_create("residual network");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 300);
    tcase_add_test(t, what_is_fused);
    tcase_add_loop_test(t, equals_one_rank, 0, 2 * (int)(sizeof cases / sizeof *cases));
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    remove_cache();
    return failed != 0;
}
