/* Writing soft labels: the file is what the teacher answered, however the writing was interrupted; another file is never replaced. */
#include <check.h>
#include <glob.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cnas/train.h>

#include "tests/support/soft_file.h"
#include "tests/support/train_net.h"

enum { VIEWS = 4, BATCH = 64, BATCHES = (N + BATCH - 1) / BATCH };
static struct cnas_train_options options;
static struct cnas_model teacher;
static struct cnas_ctx *ctx;
static float params[P_FLOATS];
static char path[64], other_path[64];

static void setup(void)
{
    make_data();
    teacher = model;
    train_recipe(&options, 0);
    options.batch = BATCH;
    options.flip = CNAS_FLIP_RANDOM;
    options.padding = CNAS_PADDING_REFLECT;
    options.crop = 2;
    options.cutout = 3;
    options.seed = 9;
    cnas_params_init(params, &model, 3);
    ck_assert_int_eq(cnas_ctx_new(&ctx, 2), CNAS_OK);
    snprintf(path, sizeof path, "test_soft_labels.%ld.safetensors", (long)getpid());
    snprintf(other_path, sizeof other_path, "test_soft_labels.%ld.other", (long)getpid());
    unlink(path);
    unlink(other_path);
}
static void teardown(void)
{
    unlink(path);
    unlink(other_path);
    cnas_ctx_free(&ctx);
}

struct watch {
    int calls, stop_at; /* at this call; 0: never */
    uint32_t view;
    size_t done;
};
static int watch(void *user, const struct cnas_soft_labels_progress *p)
{
    struct watch *w = user;
    ck_assert_uint_eq(p->total, N);
    ck_assert_uint_lt(p->view, p->views);
    ck_assert_ptr_nonnull(strstr(p->engine, "portable"));
    ck_assert(w->calls == 0 ? p->done == 0 : p->done > 0);
    w->view = p->view;
    w->done = p->done;
    return ++w->calls == w->stop_at;
}

static enum cnas_status answer(uint32_t *written, const char *to, uint32_t views, struct watch *w, struct cnas_error *err)
{
    return cnas_soft_labels_write(written, to, ctx, &teacher, params, &data[0], &options, views, w ? watch : NULL, w, err);
}

static void answer_all(const char *to, uint32_t views)
{
    struct cnas_error err = {0};
    uint32_t written;
    ck_assert_msg(!answer(&written, to, views, NULL, &err), "%s", err.text);
    ck_assert_uint_eq(written, views);
}

static void expect_same(const char *a, const char *b)
{
    size_t n, m;
    char *one = soft_file_bytes(a, &n), *two = soft_file_bytes(b, &m);
    ck_assert(n == m && !memcmp(one, two, n));
    free(one);
    free(two);
}

/* Each number of the file is the network's answer to that view, to bfloat16, mixed images included; probabilities become logits. */
START_TEST(the_answers)
{
    static float images[N * HW], want[N * CLASSES], got[N * CLASSES], levels[256];
    static uint32_t drawn[N], every[N];
    struct cnas_soft_labels *s;
    struct cnas_error err = {0};
    const int probabilities = _i % 2;
    options.cutmix = _i / 2 * 0.5;
    struct cn_train_augment a = cn_train_augment_of(&options);
    teacher.result = probabilities ? CNAS_RESULT_PROBABILITIES : CNAS_RESULT_LOGITS;
    answer_all(path, VIEWS);
    ck_assert_msg(!cnas_soft_labels_load(&s, path, &data[0], CLASSES, &err), "%s", err.text);
    ck_assert_uint_eq(cnas_soft_labels_views(s), VIEWS);
    ck_assert_str_eq(cnas_soft_labels_teacher(s), "Tiny");
    ck_assert_uint_eq(strlen(cnas_soft_labels_digest(s)), 64);
    struct cnas_train_options o = model.train;
    cnas_soft_labels_augment(s, &o);
    ck_assert(o.flip == CNAS_FLIP_RANDOM && o.padding == CNAS_PADDING_REFLECT && o.crop == 2 && o.cutout == 3);
    ck_assert_double_eq(o.cutmix, options.cutmix);
    ck_assert_uint_eq(cn_train_soft_augment(s).seed, 9);
    cn_train_levels(levels, &model);
    for (uint32_t i = 0; i < N; i++)
        every[i] = i;
    for (uint32_t view = 0; view < VIEWS; view++) {
        a.epoch = view;
        cn_train_batch(NULL, &(struct cn_train_batch){.images = images, .labels = drawn}, &data[0], levels, NULL, 0, N, &a);
        ck_assert_int_eq(cnas_infer(want, ctx, &model, params, images, N), CNAS_OK);
        cn_train_soft_read(s, got, view, every, N);
        for (int i = 0; i < N; i++) {
            double sum = 0;
            for (int c = 0; c < CLASSES; c++)
                sum += exp((double)want[i * CLASSES + c]);
            for (int c = 0; c < CLASSES; c++) {
                const double z = (double)want[i * CLASSES + c] - (probabilities ? log(sum) : 0);
                ck_assert_double_eq_tol((double)got[i * CLASSES + c], z, fabs(z) * 0x1p-8 + 1e-6);
            }
        }
    }
    cnas_soft_labels_free(&s);
    ck_assert_ptr_null(s);
    cnas_soft_labels_free(&s);
}
END_TEST

/* Stopped after any batch, the last of a view too, and gone on with: the file of one call; nothing is answered twice or too much. */
START_TEST(stopped_and_gone_on_with)
{
    struct cnas_error err = {0};
    answer_all(other_path, VIEWS);
    for (int stop_at = 1; stop_at <= 1 + VIEWS * BATCHES; stop_at++) {
        struct watch w = {.stop_at = stop_at}, rest = {0};
        uint32_t written;
        const int whole = (stop_at - 1) / BATCHES;
        ck_assert_int_eq(answer(&written, path, VIEWS, &w, &err), CNAS_OK);
        ck_assert_int_eq(w.calls, stop_at);
        ck_assert_uint_eq(written, (unsigned)whole);
        ck_assert_int_eq(access(path, F_OK), whole ? 0 : -1);
        ck_assert_int_eq(answer(&written, path, VIEWS, &rest, &err), CNAS_OK);
        ck_assert_uint_eq(written, VIEWS);
        ck_assert_int_eq(rest.calls, whole == VIEWS ? 0 : 1 + (VIEWS - whole) * BATCHES);
        expect_same(path, other_path);
        unlink(path);
    }
}
END_TEST

START_TEST(more_views_or_fewer)
{
    struct cnas_error err = {0};
    struct watch w = {0};
    struct stat before, after;
    uint32_t written;
    answer_all(other_path, VIEWS);
    answer_all(path, 2);
    answer_all(path, VIEWS);
    expect_same(path, other_path);
    ck_assert_int_eq(stat(path, &before), 0);
    ck_assert_int_eq(answer(&written, path, 1, &w, &err), CNAS_OK);
    ck_assert_uint_eq(written, VIEWS);
    ck_assert_int_eq(w.calls, 0);
    ck_assert_int_eq(stat(path, &after), 0);
    ck_assert(before.st_ino == after.st_ino); /* not even replaced by the same */
    ck_assert_int_eq(answer(&written, path, 0, NULL, &err), CNAS_E_RANGE);
    ck_assert_int_eq(answer(&written, path, CNAS_VIEWS_MAX + 1, NULL, &err), CNAS_E_RANGE);
}
END_TEST

/* A batch larger than the set is the set; one of any other size gives the same file. */
START_TEST(batches)
{
    answer_all(path, 2);
    options.batch = (uint32_t[]){1, 7, N, UINT32_MAX}[_i];
    answer_all(other_path, 2);
    expect_same(path, other_path);
}
END_TEST

static void expect_refusal(enum cnas_status want, const char *text)
{
    struct cnas_error err = {0};
    size_t n, m;
    uint32_t written;
    char *before = soft_file_bytes(path, &n);
    ck_assert_int_eq(answer(&written, path, VIEWS, NULL, &err), (int)want);
    ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
    char *after = soft_file_bytes(path, &m);
    ck_assert(n == m && !memcmp(before, after, n));
    free(before);
    free(after);
}

START_TEST(foreign_files_stay)
{
    static struct cnas_dataset other;
    static uint8_t changed[N * HW];
    const struct cnas_train_options right = options;
    soft_file_put(path, "my diary", 8);
    expect_refusal(CNAS_E_FORMAT, "not a safetensors file");
    struct cnas_error err;
    ck_assert_int_eq(cnas_params_save(params, &model, path, &err), CNAS_OK);
    expect_refusal(CNAS_E_FORMAT, "no file of soft labels: its metadata have no \"weights\"");
    unlink(path);
    answer_all(path, 1);
    params[0] += 1;
    expect_refusal(CNAS_E_MISMATCH, "with another \"weights\"");
    params[0] -= 1;
    cnas_params_init(params, &model, 3);
    teacher.name = "Another";
    expect_refusal(CNAS_E_MISMATCH, "with another \"network\"");
    teacher = model;
    teacher.clear_digest = "0123";
    expect_refusal(CNAS_E_MISMATCH, "with another \"digest\"");
    teacher = model;
    options.seed++;
    expect_refusal(CNAS_E_MISMATCH, "with another \"augment\"");
    options = right;
    options.crop = 0;
    expect_refusal(CNAS_E_MISMATCH, "with another \"augment\"");
    options = right;
    other = data[0];
    memcpy(changed, pixels[0], sizeof changed);
    changed[77]++;
    data[0].pixels = changed;
    expect_refusal(CNAS_E_MISMATCH, "with another \"data\"");
    data[0].n--;
    expect_refusal(CNAS_E_MISMATCH, "soft labels of 500 training images and 3 classes, where there are 499 and 3");
    data[0] = other;
    uint32_t written;
    ck_assert_int_eq(cnas_soft_labels_write(&written, "/dev/null", ctx, &teacher, params, &data[0], &options, 1, NULL, NULL, &err), CNAS_E_IO);
    ck_assert_int_eq(cnas_soft_labels_write(&written, ".", ctx, &teacher, params, &data[0], &options, 1, NULL, NULL, &err), CNAS_E_IO);
    ck_assert_int_eq(cnas_soft_labels_write(&written, "nowhere/at/all", ctx, &teacher, params, &data[0], &options, 1, NULL, NULL, &err), CNAS_E_IO);
    ck_assert_uint_eq(written, 0);
}
END_TEST

/* Who comes while another one writes is refused, and what is there stays. */
static int comes_second(void *user, const struct cnas_soft_labels_progress *p)
{
    struct cnas_error refused = {0};
    uint32_t views = 9;
    (void)p;
    *(enum cnas_status *)user = cnas_soft_labels_write(&views, path, ctx, &teacher, params, &data[0], &options, 2, NULL, NULL, &refused);
    ck_assert_ptr_nonnull(strstr(refused.text, "another process is writing these soft labels"));
    ck_assert_uint_eq(views, 0);
    return 0;
}

START_TEST(one_writer_at_a_time)
{
    struct cnas_error none;
    enum cnas_status second = CNAS_OK;
    uint32_t written;
    ck_assert_int_eq(cnas_soft_labels_write(&written, path, ctx, &teacher, params, &data[0], &options, 1, comes_second, &second, &none), CNAS_OK);
    ck_assert_int_eq(second, CNAS_E_BUSY);
    ck_assert_int_eq(cnas_soft_labels_write(&written, path, ctx, &teacher, params, &data[0], &options, 2, NULL, NULL, &none), CNAS_OK);
    ck_assert_uint_eq(written, 2);
}
END_TEST

START_TEST(numbers_that_are_not_finite)
{
    struct cnas_error err = {0};
    uint32_t written;
    params[P_BIAS] = _i ? NAN : 3.4e38f; /* a number, and so is the answer, but not in bfloat16 */
    ck_assert_int_eq(answer(&written, path, VIEWS, NULL, &err), CNAS_E_DIVERGED);
    ck_assert_msg(strstr(err.text, _i ? "parameters of network Tiny" : "network Tiny gives answers") != NULL, "%s", err.text);
    ck_assert(written == 0 && access(path, F_OK));
}
END_TEST

/* The file before stays, and the same call goes on when there is room. */
START_TEST(a_full_disk)
{
    struct cnas_error err = {0};
    uint32_t written;
    answer_all(other_path, VIEWS);
    answer_all(path, 1);
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit little = {5000, RLIM_INFINITY}, all = {RLIM_INFINITY, RLIM_INFINITY};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &little), 0);
    const enum cnas_status status = answer(&written, path, VIEWS, NULL, &err);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &all), 0);
    ck_assert_int_eq(status, CNAS_E_IO);
    ck_assert_msg(strstr(err.text, "File too large") != NULL, "%s", err.text);
    ck_assert_uint_eq(written, 1);
    answer_all(path, VIEWS);
    expect_same(path, other_path);
}
END_TEST

START_TEST(killed_at_any_moment)
{
    char leftovers[96];
    glob_t found;
    int kills = 0;
    answer_all(other_path, VIEWS);
    for (int round = 0; round < 3; round++) {
        for (int status = -1; status != 0;) {
            const pid_t pid = fork();
            ck_assert_int_ge(pid, 0);
            if (!pid) {
                struct cnas_ctx *own;
                struct cnas_error err;
                uint32_t written;
                if (cnas_ctx_new(&own, 1))
                    _exit(1);
                for (uint32_t views = 1; views <= VIEWS; views++)
                    if (cnas_soft_labels_write(&written, path, own, &teacher, params, &data[0], &options, views, NULL, NULL, &err))
                        _exit(1);
                _exit(0);
            }
            usleep(200 + 1500u * (unsigned)(kills % 11));
            kill(pid, SIGKILL);
            ck_assert_int_eq(waitpid(pid, &status, 0), pid);
            ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
            kills += WIFSIGNALED(status);
            if (kills > 1000)
                status = 0; /* a machine too busy for any child to end in time: what is there is gone on with */
        }
        answer_all(path, VIEWS);
        expect_same(path, other_path);
        unlink(path);
    }
    snprintf(leftovers, sizeof leftovers, "%s.tmp-*", path);
    ck_assert_int_eq(glob(leftovers, 0, NULL, &found), GLOB_NOMATCH);
    globfree(&found);
    ck_assert_int_gt(kills, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("soft labels");
    TCase *t = tcase_create("soft labels");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, the_answers, 0, 4);
    tcase_add_test(t, stopped_and_gone_on_with);
    tcase_add_test(t, more_views_or_fewer);
    tcase_add_loop_test(t, batches, 0, 4);
    tcase_add_test(t, foreign_files_stay);
    tcase_add_test(t, one_writer_at_a_time);
    tcase_add_loop_test(t, numbers_that_are_not_finite, 0, 2);
    tcase_add_test(t, a_full_disk);
    tcase_add_test(t, killed_at_any_moment);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
