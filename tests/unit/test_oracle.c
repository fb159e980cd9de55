/* The executor against generated C: the golden networks of tests/golden/emit are linked in, and each must give the same bits as its
 * plan, walked in this process. tests/e2e/random_nets.sh compiles this file again for one random network: NET is its name, the
 * folder CNAS_IR has its graph. */
#include "compiler/ir/print.h"
#include "compiler/oracle/oracle.h"
#include "compiler/oracle/weights.h"

#include <cnas/cnas.h>

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DECLARE(net) extern const struct cnas_model net##_model;
#define ENTRY(net) {#net, &net##_model},
#ifdef NET
#define ONE(X, net) X(net) /* NET is replaced first */
#define NETS(X) ONE(X, NET)
#else
#define NETS(X) X(mlp) X(skip) X(rescale) X(window) X(pool) X(clear)
#endif
NETS(DECLARE)
static const struct {
    const char *name;
    const struct cnas_model *generated;
} nets[] = {NETS(ENTRY)};
enum { N_NETS = sizeof nets / sizeof *nets, BATCH = 5, CAPACITY = 7 };

static struct arena *arena;
static struct cnas_ctx *ctx;
static uint64_t random_state;

static uint64_t random_next(void) /* splitmix64 */
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static float *random_floats(size_t n) /* -1..1 */
{
    float *x = ARENA_ARRAY(arena, float, n);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(random_next() >> 40) / (float)(1 << 23) - 1;
    return x;
}

static void setup(void)
{
    const char *seed = getenv("CNAS_SEED");
    random_state = seed ? strtoull(seed, NULL, 0) : 4712;
    arena = arena_new();
    ck_assert_int_eq(cnas_ctx_new(&ctx, 2), CNAS_OK);
}

static void teardown(void)
{
    arena_free(&arena);
    cnas_ctx_free(&ctx);
}

static const struct ir_graph *read_graph(const char *name)
{
    const char *dir = getenv("CNAS_IR");
    const char *path = arena_printf(arena, "%s/%s.ir", dir ? dir : arena_printf(arena, "%s/tests/golden/plan", getenv("top_srcdir")), name);
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f, "cannot read %s", path);
    struct text in = text_new(arena);
    char buffer[4096];
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, f)) > 0;)
        text_add_bytes(&in, buffer, n);
    fclose(f);
    struct ir_read_error e;
    const struct ir_graph *g = ir_read(arena, text_str(&in), in.n, &e);
    ck_assert_msg(g, "%s:%d: %s", path, e.line, e.why);
    return g;
}

static const struct cnas_model *walked(const struct ir_graph *g)
{
    struct plan_refusal why = {0};
    const struct plan *p = plan_lower(arena, g, PLAN_PRIVATE, &why);
    if (!p && why.only_private)
        p = plan_lower(arena, g, PLAN_CLEAR, &why);
    ck_assert_msg(p, "%s", why.text);
    return oracle_model(arena, p);
}

static const struct cnas_model *network(const char *text)
{
    struct ir_read_error e;
    const struct ir_graph *g = ir_read(arena, text, strlen(text), &e);
    ck_assert_msg(g, "%d:%d: %s", e.line, e.column, e.why);
    return walked(g);
}

/* As training begins, but with everything away from its special first value. */
static float *random_params(const struct cnas_model *m)
{
    float *params = ARENA_ARRAY(arena, float, m->params_floats);
    cnas_params_init(params, m, random_next());
    for (size_t i = 0; i < m->n_params; i++) {
        const float *more = random_floats(m->params[i].size);
        for (size_t k = 0; m->params[i].kind != CNAS_PARAM_WEIGHT && k < m->params[i].size; k++)
            params[m->params[i].offset + k] += 0.3f * more[k];
    }
    return params;
}

static float *copy(const float *x, size_t n)
{
    float *y = ARENA_ARRAY(arena, float, n);
    memcpy(y, x, n * sizeof *y);
    return y;
}

static size_t image_floats(const struct cnas_model *m)
{
    return (size_t)m->c * m->h * m->w;
}

#define ASSERT_SAME(x, y, n, what, name) \
    ck_assert_msg(memcmp((x), (y), (n) * sizeof *(x)) == 0, "%s: %s of the executor and of generated C differ", (name), (what))

static ptrdiff_t index_of(const struct cnas_model *m, const struct cnas_param *p)
{
    return p ? p - m->params : -1;
}

/* Layer i as data: what an engine would schedule must be what the calls do. */
static void assert_same_layer(const struct cnas_model *x, const struct cnas_model *y, uint32_t i)
{
    const struct cnas_layer *l = &x->layers[i], *k = &y->layers[i];
    ck_assert_str_eq(l->name, k->name);
    ck_assert_msg(l->op == k->op && l->c == k->c && l->h == k->h && l->w == k->w && l->first_x == k->first_x && l->n_x == k->n_x &&
                      l->stride == k->stride && l->offset_y == k->offset_y && l->offset_x == k->offset_x && l->seed == k->seed &&
                      !l->window == !k->window && !l->slice == !k->slice,
                  "%s: layer %s differs", x->name, l->name);
    ck_assert(l->epsilon == k->epsilon && l->decay == k->decay && l->rate == k->rate);
    if (l->window)
        ASSERT_SAME(l->window, k->window, 1, "window", l->name);
    if (l->slice)
        ASSERT_SAME(l->slice, k->slice, 1, "slice", l->name);
    ASSERT_SAME(x->operands + l->first_x, y->operands + l->first_x, l->n_x, "operands", l->name);
    for (uint32_t j = 0; j < l->n_x; j++)
        ck_assert_uint_le(x->operands[l->first_x + j].value, i);
    const struct cnas_param *const params[][2] = {{l->weight, k->weight}, {l->bias, k->bias}, {l->gamma, k->gamma},
                                                  {l->beta, k->beta},     {l->mean, k->mean}, {l->var, k->var}};
    for (size_t j = 0; j < sizeof params / sizeof *params; j++)
        ck_assert_int_eq(index_of(x, params[j][0]), index_of(y, params[j][1]));
}

static void assert_same_model(const char *name, const struct cnas_model *x, const struct cnas_model *y)
{
    const size_t sizes[][2] = {
        {x->c, y->c},
        {x->h, y->h},
        {x->w, y->w},
        {x->classes, y->classes},
        {x->result, y->result},
        {x->relus, y->relus},
        {x->macs, y->macs},
        {x->n_params, y->n_params},
        {x->n_layers, y->n_layers},
        {x->logits, y->logits},
        {x->params_floats, y->params_floats},
        {x->params_trained, y->params_trained},
        {x->infer_floats, y->infer_floats},
        {x->train_floats, y->train_floats},
        {x->grad_floats, y->grad_floats},
        {x->state_floats, y->state_floats},
        {x->input_offset, y->input_offset},
        {x->infer_logits_offset, y->infer_logits_offset},
        {x->train_logits_offset, y->train_logits_offset},
        {x->logits_grad_offset, y->logits_grad_offset},
        {x->ring_bits, y->ring_bits},
        {x->train.epochs, y->train.epochs},
        {x->train.batch, y->train.batch},
        {x->train.restart_first, y->train.restart_first},
        {x->train.restart_factor, y->train.restart_factor},
        {x->train.crop, y->train.crop},
        {x->train.cutout, y->train.cutout},
        {(size_t)x->train.flip, (size_t)y->train.flip},
        {(size_t)x->train.nesterov, (size_t)y->train.nesterov},
        {!x->mean, !y->mean},
        {!x->std, !y->std},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        ck_assert_msg(sizes[i][0] == sizes[i][1], "%s: number %zu of the model is %zu, generated %zu", name, i, sizes[i][0], sizes[i][1]);
    ck_assert_str_eq(x->name, y->name);
    ck_assert_str_eq(x->digest, y->digest);
    ck_assert_str_eq(x->clear_digest, y->clear_digest);
    ck_assert_double_eq(x->train.lr_max, y->train.lr_max);
    ck_assert_double_eq(x->train.lr_min, y->train.lr_min);
    ck_assert_double_eq(x->train.momentum, y->train.momentum);
    ck_assert_double_eq(x->train.weight_decay, y->train.weight_decay);
    if (x->mean) {
        ASSERT_SAME(x->mean, y->mean, x->c, "means", name);
        ASSERT_SAME(x->std, y->std, x->c, "deviations", name);
    }
    for (size_t i = 0; i < x->n_params; i++) {
        const struct cnas_param *p = &x->params[i], *q = &y->params[i];
        ck_assert_str_eq(p->name, q->name);
        ck_assert(p->kind == q->kind && p->rank == q->rank && p->offset == q->offset && p->size == q->size);
        ASSERT_SAME(p->dim, q->dim, 4, "dimensions", p->name);
    }
    for (uint32_t i = 0; i < x->n_layers; i++)
        assert_same_layer(x, y, i);
}

START_TEST(models)
{
    assert_same_model(nets[_i].name, walked(read_graph(nets[_i].name)), nets[_i].generated);
}
END_TEST

START_TEST(inference)
{
    const struct cnas_model *m = walked(read_graph(nets[_i].name)), *c = nets[_i].generated;
    const float *params = random_params(m), *images = random_floats(BATCH * image_floats(m));
    struct oracle *o;
    ck_assert_int_eq(oracle_new(&o, ctx, CAPACITY), CNAS_OK);
    ck_assert_int_eq(oracle_load(o, m, false), CNAS_OK);
    memcpy(oracle_images(o), images, BATCH * image_floats(m) * sizeof *images);
    ck_assert_int_eq(oracle_infer(o, params, BATCH), CNAS_OK);
    const float *logits = copy(oracle_logits(o), BATCH * m->classes);
    ck_assert_int_eq(oracle_load(o, c, false), CNAS_OK);
    memcpy(oracle_images(o), images, BATCH * image_floats(m) * sizeof *images);
    ck_assert_int_eq(oracle_infer(o, params, BATCH), CNAS_OK);
    ASSERT_SAME(logits, oracle_logits(o), BATCH * m->classes, "logits", c->name);
    float *results = ARENA_ARRAY(arena, float, BATCH * m->classes), *again = ARENA_ARRAY(arena, float, BATCH * m->classes);
    ck_assert_int_eq(cnas_infer(results, ctx, m, params, images, BATCH), CNAS_OK);
    ck_assert_int_eq(cnas_infer(again, ctx, c, params, images, BATCH), CNAS_OK);
    ASSERT_SAME(results, again, BATCH * m->classes, "results", c->name);
    oracle_free(&o);
}
END_TEST

/* What one step leaves behind. */
struct after {
    double loss;
    size_t correct;
    const float *params, *grads, *logits;
};

static struct after one_step(struct oracle *o, const struct cnas_model *m, const float *first, const float *images, const uint32_t *labels)
{
    struct after a;
    float *params = copy(first, m->params_floats), *grads = random_floats(m->params_trained); /* backward overwrites them */
    ck_assert_int_eq(oracle_load(o, m, true), CNAS_OK);
    memcpy(oracle_images(o), images, BATCH * image_floats(m) * sizeof *images);
    ck_assert_int_eq(oracle_step(o, params, grads, labels, BATCH, 99, &a.loss, &a.correct), CNAS_OK);
    a.params = params;
    a.grads = grads;
    a.logits = copy(oracle_logits(o), BATCH * m->classes);
    return a;
}

START_TEST(training_step)
{
    const struct cnas_model *m = walked(read_graph(nets[_i].name)), *c = nets[_i].generated;
    const float *params = random_params(m), *images = random_floats(BATCH * image_floats(m));
    uint32_t labels[BATCH];
    for (size_t i = 0; i < BATCH; i++)
        labels[i] = (uint32_t)(random_next() % m->classes);
    struct oracle *o;
    ck_assert_int_eq(oracle_new(&o, ctx, CAPACITY), CNAS_OK);
    const struct after x = one_step(o, m, params, images, labels), y = one_step(o, c, params, images, labels);
    ASSERT_SAME(&x.loss, &y.loss, 1, "loss", c->name);
    ck_assert_uint_eq(x.correct, y.correct);
    ASSERT_SAME(x.logits, y.logits, BATCH * m->classes, "logits in training", c->name);
    ASSERT_SAME(x.grads, y.grads, m->params_trained, "gradients", c->name);
    ASSERT_SAME(x.params, y.params, m->params_floats, "running statistics", c->name);
    if (m->state_floats)
        ck_assert_msg(memcmp(x.params, params, m->params_floats * sizeof *params) != 0, "%s: no running statistics", c->name);

    double loss; /* without gradients: the same loss, nothing else */
    float *again = copy(params, m->params_floats);
    ck_assert_int_eq(oracle_load(o, m, true), CNAS_OK);
    memcpy(oracle_images(o), images, BATCH * image_floats(m) * sizeof *images);
    ck_assert_int_eq(oracle_step(o, again, NULL, labels, BATCH, 99, &loss, NULL), CNAS_OK);
    ASSERT_SAME(&loss, &x.loss, 1, "loss without backward", c->name);
    oracle_free(&o);
}
END_TEST

/* The library's own training loop on a plan: the same weights after two epochs with dropout, augmentation and a last small batch. */
START_TEST(training)
{
    const struct cnas_model *m = walked(read_graph(nets[_i].name)), *c = nets[_i].generated;
    enum { IMAGES = 23 };
    struct cnas_dataset data = {.c = m->c, .h = m->h, .w = m->w, .classes = m->classes, .n = IMAGES};
    data.pixels = arena_alloc(arena, IMAGES * image_floats(m));
    data.labels = ARENA_ARRAY(arena, uint32_t, IMAGES);
    for (size_t i = 0; i < IMAGES * image_floats(m); i++)
        data.pixels[i] = (uint8_t)random_next();
    for (size_t i = 0; i < IMAGES; i++)
        data.labels[i] = (uint32_t)(random_next() % m->classes);
    struct cnas_train_options options;
    cnas_train_defaults(&options, m);
    options.epochs = 2;
    options.batch = 10;
    options.crop = 1;
    options.flip = 1;
    options.lr_max = 0.001; /* random networks are not made to be trained */
    options.lr_min = 0.0001;
    float *x = ARENA_ARRAY(arena, float, m->params_floats), *y = ARENA_ARRAY(arena, float, m->params_floats);
    struct cnas_error err = {0};
    cnas_params_init(x, m, 7);
    cnas_params_init(y, c, 7);
    const struct cnas_train_sets sets = {.train = &data, .validation = &data};
    ck_assert_msg(cnas_train(x, ctx, m, &sets, &options, NULL, &err) == CNAS_OK, "%s", err.text);
    ck_assert_msg(cnas_train(y, ctx, c, &sets, &options, NULL, &err) == CNAS_OK, "%s", err.text);
    ASSERT_SAME(x, y, m->params_floats, "trained parameters", c->name);
}
END_TEST

/* --- without generated C --- */

#define SMALL "ir 1 network Small %x = input 2x4x4 %c = conv %x channels=3 kh=3 kw=3 bias=true %n = batch_norm %c %r = relu %n " \
              "%f = flatten %r %l = linear %f features=4 output y = %l end"
#define LARGE "ir 1 network Large %x = input 2x9x9 %c = conv %x channels=3 kh=3 kw=3 bias=true %n = batch_norm %c %r = relu %n " \
              "%d = conv %r channels=9 kh=3 kw=3 pad_y=1 pad_x=1 %g = global_avg_pool %d %l = linear %g features=4 output y = %l end"

static const float *logits_of(struct oracle *o, const struct cnas_model *m, const float *params, const float *images, size_t n)
{
    ck_assert_int_eq(oracle_load(o, m, false), CNAS_OK);
    memcpy(oracle_images(o), images, n * image_floats(m) * sizeof *images);
    ck_assert_int_eq(oracle_infer(o, params, n), CNAS_OK);
    return copy(oracle_logits(o), n * m->classes);
}

/* Slabs that grew for another network, and that hold its numbers, change nothing. */
START_TEST(networks_in_turn)
{
    const struct cnas_model *small = network(SMALL), *large = network(LARGE);
    const float *p = random_params(small), *q = random_params(large), *images = random_floats(CAPACITY * image_floats(large));
    struct oracle *o;
    ck_assert_int_eq(oracle_new(&o, ctx, CAPACITY), CNAS_OK);
    const float *first = logits_of(o, small, p, images, CAPACITY);
    const float *wide = logits_of(o, large, q, images, CAPACITY);
    ASSERT_SAME(logits_of(o, small, p, images, CAPACITY), first, CAPACITY * small->classes, "logits", "small");
    ASSERT_SAME(logits_of(o, large, q, images, 2), wide, 2 * large->classes, "logits", "large");
    oracle_free(&o);
    oracle_free(&o);
}
END_TEST

START_TEST(weights_by_name)
{
    const struct cnas_model *small = network(SMALL), *large = network(LARGE);
    float *p = random_params(small), *q = random_params(large);
    ck_assert_ptr_null(oracle_param(small, "d.weight"));
    ck_assert_str_eq(oracle_param(small, "n.mean")->name, "n.mean");

    float *moved = random_floats(small->params_floats);
    ck_assert_ptr_null(oracle_weights_move(moved, small, (struct oracle_weights){small, p}, NULL));
    ASSERT_SAME(moved, p, small->params_floats, "parameters", "small");
    const struct cnas_param *missing = oracle_weights_move(moved, small, (struct oracle_weights){large, q}, NULL);
    ck_assert_ptr_nonnull(missing); /* l.weight is there, of another shape */
    ck_assert_str_eq(missing->name, "l.weight");
    ck_assert_str_eq(oracle_weights_move(q, large, (struct oracle_weights){small, p}, NULL)->name, "d.weight");

    float *shared = copy(q, large->params_floats);
    oracle_weights_merge(shared, large, (struct oracle_weights){small, p});
    for (size_t i = 0; i < large->n_params; i++) {
        const struct cnas_param *l = &large->params[i], *s = oracle_param(small, l->name);
        const bool from_small = s && strcmp(l->name, "l.weight") != 0;
        ASSERT_SAME(shared + l->offset, from_small ? p + s->offset : q + l->offset, l->size, "shared parameters", l->name);
    }
}
END_TEST

/* c.bias is twice what it was; nobody knows the parameter named in context. */
static enum oracle_made make(void *context, float *out, const struct cnas_param *q, struct oracle_weights from)
{
    if (strcmp(q->name, context) == 0)
        return ORACLE_CANNOT;
    if (strcmp(q->name, "c.bias") != 0)
        return ORACLE_SAME;
    const struct cnas_param *p = oracle_param(from.model, q->name);
    for (size_t i = 0; i < q->size; i++)
        out[i] = 2 * from.params[p->offset + i];
    return ORACLE_MADE;
}

START_TEST(weights_that_are_made)
{
    const struct cnas_model *m = network(SMALL);
    float *p = random_params(m), *moved = random_floats(m->params_floats);
    char none[] = "", gamma[] = "n.gamma";
    ck_assert_ptr_null(oracle_weights_move(moved, m, (struct oracle_weights){m, p}, &(struct oracle_maker){make, none}));
    for (size_t i = 0; i < m->n_params; i++)
        for (size_t k = m->params[i].offset; k < m->params[i].offset + m->params[i].size; k++)
            ck_assert_float_eq(moved[k], strcmp(m->params[i].name, "c.bias") ? p[k] : 2 * p[k]);
    ck_assert_str_eq(oracle_weights_move(moved, m, (struct oracle_weights){m, p}, &(struct oracle_maker){make, gamma})->name, "n.gamma");
}
END_TEST

START_TEST(no_network)
{
    struct oracle *o;
    ck_assert_int_eq(oracle_new(&o, ctx, 1), CNAS_OK);
    ck_assert_int_eq(oracle_infer(o, NULL, 1), CNAS_OK); /* aborts */
}
END_TEST

START_TEST(too_many_images)
{
    struct oracle *o;
    const struct cnas_model *m = network(SMALL);
    ck_assert_int_eq(oracle_new(&o, ctx, 2), CNAS_OK);
    ck_assert_int_eq(oracle_load(o, m, false), CNAS_OK);
    ck_assert_int_eq(oracle_infer(o, random_params(m), 3), CNAS_OK); /* aborts */
}
END_TEST

START_TEST(a_run_of_another_model)
{
    const struct cnas_model *m = network(SMALL);
    m->infer(&(struct cnas_run){.ctx = ctx, .n = 1, .capacity = 1}); /* aborts */
}
END_TEST

int main(void)
{
    Suite *s = suite_create("oracle");
    TCase *t = tcase_create("oracle");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, models, 0, N_NETS);
    tcase_add_loop_test(t, inference, 0, N_NETS);
    tcase_add_loop_test(t, training_step, 0, N_NETS);
    tcase_add_loop_test(t, training, 0, N_NETS);
    tcase_add_test(t, networks_in_turn);
    tcase_add_test(t, weights_by_name);
    tcase_add_test(t, weights_that_are_made);
    tcase_add_test_raise_signal(t, no_network, SIGABRT);
    tcase_add_test_raise_signal(t, too_many_images, SIGABRT);
    tcase_add_test_raise_signal(t, a_run_of_another_model, SIGABRT);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
