/* Threads that share loops: every chunk once, whoever is late, slow or asleep. */
#define _GNU_SOURCE
#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "runtime/kernel/crew.h"

enum { CHUNKS = 3000 };

static void nap(long us)
{
    nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

static struct cn_kernel_crew *crew_of(unsigned members)
{
    struct cn_kernel_crew *crew;
    ck_assert_int_eq(cn_kernel_crew_new(&crew, members), CNAS_OK);
    ck_assert_uint_eq(cn_kernel_crew_members(crew), members);
    return crew;
}

/* ---- each chunk once ---- */

struct marks {
    unsigned members;
    unsigned char seen[CHUNKS]; /* plain: the crew alone keeps members apart, and shows them to the caller */
};

static void mark(void *job, size_t chunk, unsigned member)
{
    struct marks *m = job;
    m->seen[chunk] += member < m->members ? 1 : 100;
}

START_TEST(every_chunk_once)
{
    static const unsigned members[] = {1, 2, 3, 8, 64};
    static struct marks m;
    for (size_t t = 0; t < sizeof members / sizeof *members; t++) {
        struct cn_kernel_crew *crew = crew_of(members[t]);
        m.members = members[t];
        for (size_t chunks = 0; chunks <= CHUNKS; chunks = 2 * chunks + 1) {
            unsigned char once[CHUNKS] = {0};
            memset(once, 1, chunks);
            memset(m.seen, 0, sizeof m.seen);
            cn_kernel_crew_run(crew, chunks, mark, &m);
            ck_assert_mem_eq(m.seen, once, sizeof once);
        }
        cn_kernel_crew_free(&crew);
        ck_assert_ptr_null(crew);
    }
}
END_TEST

/* A sum that each loop makes of what the last one left: an early return or a chunk of another loop would show. */
static void add(void *job, size_t chunk, unsigned member)
{
    long *x = job;
    (void)member;
    x[chunk] += x[(chunk + 1) % 2 + 2];
}

START_TEST(tiny_loops_after_one_another)
{
    enum { LOOPS = 3000 };
    struct cn_kernel_crew *crew = crew_of(3);
    long x[4] = {0, 0, 1, 1};
    for (int i = 0; i < LOOPS; i++) {
        cn_kernel_crew_run(crew, 2, add, x);
        x[2] = x[0] % 7 + 1;
        x[3] = x[1] % 5 + 1;
    }
    long y[4] = {0, 0, 1, 1};
    for (int i = 0; i < LOOPS; i++) {
        y[0] += y[3];
        y[1] += y[2];
        y[2] = y[0] % 7 + 1;
        y[3] = y[1] % 5 + 1;
    }
    ck_assert_mem_eq(x, y, sizeof x);
    cn_kernel_crew_free(&crew);
}
END_TEST

/* ---- who is slow, who sleeps ---- */

struct slow {
    unsigned others;
    atomic_uint begun, done; /* chunks: begun by others; done by the caller */
    long nap_us;
};

/* The caller goes on when every other member has a chunk, and they when the caller has done all that are left: it can if it waits for
 * none of them before. */
static void slow_chunk(void *job, size_t chunk, unsigned member)
{
    struct slow *s = job;
    (void)chunk;
    if (member) {
        sigset_t blocked;
        pthread_sigmask(SIG_BLOCK, NULL, &blocked);
        ck_assert(sigismember(&blocked, SIGINT));
        atomic_fetch_add(&s->begun, 1);
        while (atomic_load(&s->done) < 100 - s->others)
            nap(100);
        nap(s->nap_us);
    } else {
        while (atomic_load(&s->begun) < s->others)
            nap(100);
        atomic_fetch_add(&s->done, 1);
    }
}

START_TEST(the_caller_does_what_slow_members_leave)
{
    static const long naps_us[] = {0, 50, 3000}; /* the caller watches, or sleeps, until they have done */
    for (unsigned members = 2; members <= 9; members += 7)
        for (int i = 0; i < 9; i++) {
            struct cn_kernel_crew *crew = crew_of(members);
            struct slow s = {.others = members - 1, .nap_us = naps_us[i % 3]};
            cn_kernel_crew_run(crew, 100, slow_chunk, &s);
            ck_assert_uint_eq(atomic_load(&s.begun), members - 1);
            ck_assert_uint_eq(atomic_load(&s.done), 100 - (members - 1));
            cn_kernel_crew_free(&crew);
        }
}
END_TEST

START_TEST(sleepers_are_woken)
{
    struct cn_kernel_crew *crew = crew_of(3);
    for (int i = 0; i < 60; i++) {
        struct slow s = {.others = 2, .nap_us = i % 2 ? 700 : 0};
        nap(i % 3 * 400); /* watching, about to sleep, asleep */
        cn_kernel_crew_run(crew, 100, slow_chunk, &s);
        ck_assert_uint_eq(atomic_load(&s.done), 98);
    }
    cn_kernel_crew_free(&crew);
}
END_TEST

START_TEST(nothing_to_do)
{
    for (int i = 0; i < 20; i++) {
        struct cn_kernel_crew *crew = crew_of(5);
        nap(i * 20);
        cn_kernel_crew_free(&crew);
    }
    struct cn_kernel_crew *none = NULL;
    cn_kernel_crew_free(&none);
}
END_TEST

/* ---- misuse ---- */

static void nested(void *job, size_t chunk, unsigned member)
{
    static struct marks m = {.members = 2};
    (void)chunk;
    (void)member;
    cn_kernel_crew_run(job, 1, mark, &m);
}

START_TEST(a_loop_in_a_chunk_aborts)
{
    struct cn_kernel_crew *crew = crew_of(_i / 3 + 1);
    cn_kernel_crew_run(crew, (size_t)_i % 3 + 1, nested, crew);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernel/crew");
    TCase *t = tcase_create("crew");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, every_chunk_once);
    tcase_add_test(t, tiny_loops_after_one_another);
    tcase_add_test(t, the_caller_does_what_slow_members_leave);
    tcase_add_test(t, sleepers_are_woken);
    tcase_add_test(t, nothing_to_do);
    tcase_add_loop_test_raise_signal(t, a_loop_in_a_chunk_aborts, SIGABRT, 0, 6);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
