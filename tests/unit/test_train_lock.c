/* One training at a time has a checkpoint: others are refused, whoever was killed is in nobody's way. */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "tests/support/train_watch.h"

static char lock_name[80], inside[80];

static int another_begins(void *user, const struct cnas_train_progress *p)
{
    float params[P_FLOATS];
    struct cnas_error err = {0};
    int *tried = user;
    char elsewhere[80];
    if (p->event != CNAS_TRAIN_STEP || (*tried)++)
        return 0;
    ck_assert_int_eq(access(lock_name, F_OK), 0);
    for (int fresh = 0; fresh < 2; fresh++) {
        cnas_params_init(params, &model, 1);
        ck_assert_int_eq(train(params, &model, 1, (struct cnas_train_control){.checkpoint = path, .fresh = fresh}, &err), CNAS_E_BUSY);
        ck_assert_msg(strstr(err.text, path) && strstr(err.text, "another training"), "%s", err.text);
    }
    snprintf(elsewhere, sizeof elsewhere, "%s.elsewhere", path);
    ck_assert_int_eq(train(params, &model, 1, (struct cnas_train_control){.checkpoint = elsewhere}, &err), CNAS_OK);
    ck_assert_int_eq(unlink(elsewhere), 0);
    return 0;
}

START_TEST(one_at_a_time)
{
    float whole[P_FLOATS], params[P_FLOATS];
    struct cnas_error err = {0};
    struct watch w = {0};
    int tried = 0;
    snprintf(lock_name, sizeof lock_name, "%s.lock", path);
    whole_run(whole, &w);
    cnas_params_init(params, &model, 1);
    ck_assert_int_eq(train(params, &model, 1, (struct cnas_train_control){.checkpoint = path, .callback = another_begins, .user = &tried}, &err),
                     CNAS_OK);
    ck_assert_int_gt(tried, 0);
    ck_assert_mem_eq(params, whole, sizeof whole);
    ck_assert_int_ne(access(lock_name, F_OK), 0);
}
END_TEST

static int dies(void *user, const struct cnas_train_progress *p)
{
    (void)user;
    if (p->event == CNAS_TRAIN_STEP)
        raise(SIGKILL);
    return 0;
}

/* Who was killed is in nobody's way, nor is a file of that name that is somebody else's. */
START_TEST(a_lock_that_was_left)
{
    float params[P_FLOATS];
    struct cnas_error err;
    struct watch w = {0};
    int status;
    FILE *f;
    snprintf(lock_name, sizeof lock_name, "%s.lock", path);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (!pid) {
        cnas_params_init(params, &model, 1);
        _exit(train(params, &model, 1, (struct cnas_train_control){.checkpoint = path, .callback = dies}, &err) != CNAS_OK);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    ck_assert_int_eq(access(lock_name, F_OK), 0);
    cnas_params_init(params, &model, 1);
    run(params, 1, path, &w);
    ck_assert(w.resumed && w.epochs == EPOCHS);
    ck_assert_int_ne(access(lock_name, F_OK), 0);
    ck_assert_ptr_nonnull(f = fopen(lock_name, "w"));
    fputs("my diary", f);
    fclose(f);
    run(params, 1, path, &w);
    ck_assert_int_eq(unlink(lock_name), 0);
}
END_TEST

/* Only ever one is between its start and its end. */
static int alone(void *user, const struct cnas_train_progress *p)
{
    int *together = user;
    if (p->event == CNAS_TRAIN_START && !p->finished) {
        const int fd = open(inside, O_WRONLY | O_CREAT | O_EXCL, 0600);
        *together |= fd < 0;
        close(fd);
    }
    if (p->event == CNAS_TRAIN_EPOCH && p->epoch == p->epochs)
        *together |= unlink(inside) != 0;
    return 0;
}

START_TEST(many_at_once)
{
    enum { MANY = 4, ROUNDS = 5 };
    pid_t pid[MANY];
    snprintf(inside, sizeof inside, "%s.inside", path);
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_ge(pid[i] = fork(), 0);
        if (pid[i])
            continue;
        float params[P_FLOATS];
        int together = 0;
        enum cnas_status status = CNAS_OK;
        for (int round = 0; round < ROUNDS && !status && !together; round++) {
            const struct cnas_train_control control = {.checkpoint = path, .fresh = 1, .callback = alone, .user = &together};
            cnas_params_init(params, &model, 1);
            while ((status = train(params, &model, 1, control, NULL)) == CNAS_E_BUSY)
                usleep(200);
        }
        _exit(status ? 1 : together ? 2 : 0);
    }
    for (int i = 0; i < MANY; i++) {
        int status;
        ck_assert_int_eq(waitpid(pid[i], &status, 0), pid[i]);
        ck_assert_int_eq(status, 0);
    }
}
END_TEST

static void setup(void)
{
    watch_begin("test_train_lock");
}

int main(void)
{
    Suite *suite = suite_create("train lock");
    TCase *t = tcase_create("train lock");
    tcase_add_checked_fixture(t, setup, watch_end);
    tcase_set_timeout(t, 3600);
    tcase_add_test(t, one_at_a_time);
    tcase_add_test(t, a_lock_that_was_left);
    tcase_add_test(t, many_at_once);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
