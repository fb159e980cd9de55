/* A loop is one counter, of the chunks that nobody has claimed: who takes it from r to r - 1 runs chunk number chunks - r. The rest of
 * the loop's description is read after that, and does not change before this chunk is done. So a member that slept through a loop, or
 * several, needs no word of it: the counter is 0, or it is that of the loop which runs now. A second counter, of chunks that are not
 * done, is what the caller waits for.
 *
 * Sleepers announce themselves, look once more, then wait for their semaphore; who has something for them takes the announcement
 * back before it posts. All of these operations are sequentially consistent: one of the two always sees the other. */
#define _GNU_SOURCE
#include "runtime/kernel/crew.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/clock.h"
#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"

/* How long a sleeper watches before it sleeps. The first is longer than the gaps between the loops of a network, and shorter than a time
 * slice by an order of magnitude. A wait that was longer still says that cores are scarce, or that the caller has other things to do:
 * then the next watch is half as long. */
enum { MOST_NS = 200000, LEAST_NS = 5000, LINE = 64 };

struct sleeper {
    atomic_bool asleep;
    sem_t wake;
    int64_t watch_ns;
};

struct member {
    struct cn_kernel_crew *crew;
    unsigned index;
    pthread_t thread;
    struct sleeper sleeper;
};

struct cn_kernel_crew {
    struct member *members; /* the caller first: it has a sleeper but no thread */
    unsigned count, started;
    atomic_bool busy, stop;
    void (*body)(void *job, size_t chunk, unsigned member);
    void *job;
    size_t chunks;
    char apart[LINE]; /* the counters are written all the time, what stands before them is not */
    atomic_size_t unclaimed;
    char apart_again[LINE];
    atomic_size_t unfinished;
};

static void relax(void)
{
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#else
    atomic_signal_fence(memory_order_seq_cst);
#endif
}

static bool has_work(struct cn_kernel_crew *crew)
{
    return atomic_load(&crew->unclaimed) || atomic_load(&crew->stop);
}

static bool is_done(struct cn_kernel_crew *crew)
{
    return !atomic_load(&crew->unfinished);
}

/* Whether it was ready before the time was up. */
static bool watch(struct cn_kernel_crew *crew, int64_t until, bool (*ready)(struct cn_kernel_crew *))
{
    enum { LOOKS = 64 };
    do {
        for (int i = 0; i < LOOKS; i++) {
            if (ready(crew))
                return true;
            relax();
        }
    } while (cn_clock_ns() < until);
    return false;
}

static void sleep_until(struct cn_kernel_crew *crew, struct sleeper *me, bool (*ready)(struct cn_kernel_crew *))
{
    while (!ready(crew)) {
        atomic_store(&me->asleep, true);
        if (ready(crew) && atomic_exchange(&me->asleep, false))
            return;
        while (sem_wait(&me->wake)) /* a signal */
            continue;
    }
}

static void wait_until(struct cn_kernel_crew *crew, struct sleeper *me, bool (*ready)(struct cn_kernel_crew *))
{
    if (ready(crew))
        return;
    const int64_t start = cn_clock_ns();
    if (!watch(crew, start + me->watch_ns, ready))
        sleep_until(crew, me, ready);
    if (cn_clock_ns() - start < MOST_NS)
        me->watch_ns = MOST_NS;
    else if (me->watch_ns > LEAST_NS)
        me->watch_ns /= 2;
}

static void wake(struct sleeper *s)
{
    if (atomic_load(&s->asleep) && atomic_exchange(&s->asleep, false))
        sem_post(&s->wake);
}

static void work(struct cn_kernel_crew *crew, unsigned member)
{
    size_t left = atomic_load_explicit(&crew->unclaimed, memory_order_acquire);
    while (left) {
        if (!atomic_compare_exchange_weak(&crew->unclaimed, &left, left - 1))
            continue;
        crew->body(crew->job, crew->chunks - left, member);
        if (atomic_fetch_sub(&crew->unfinished, 1) == 1 && member)
            wake(&crew->members[0].sleeper); /* or of the next loop, if it has begun: it looks again */
        left = atomic_load_explicit(&crew->unclaimed, memory_order_acquire);
    }
}

static void *member_main(void *argument)
{
    struct member *me = argument;
    struct cn_kernel_crew *crew = me->crew;
    for (;;) {
        wait_until(crew, &me->sleeper, has_work);
        if (atomic_load(&crew->stop))
            return NULL;
        work(crew, me->index);
    }
}

void cn_kernel_crew_run(struct cn_kernel_crew *crew, size_t chunks, void (*body)(void *job, size_t chunk, unsigned member), void *job)
{
    cn_require(!atomic_exchange_explicit(&crew->busy, true, memory_order_acquire));
    if (chunks <= 1 || crew->count == 1) {
        for (size_t i = 0; i < chunks; i++)
            body(job, i, 0);
    } else {
        crew->body = body;
        crew->job = job;
        crew->chunks = chunks;
        atomic_store(&crew->unfinished, chunks);
        atomic_store(&crew->unclaimed, chunks);
        for (unsigned i = 1; i < crew->count && i < chunks; i++)
            wake(&crew->members[i].sleeper);
        work(crew, 0);
        wait_until(crew, &crew->members[0].sleeper, is_done);
    }
    atomic_store_explicit(&crew->busy, false, memory_order_release);
}

/* Signals are for the program's own threads. */
static bool start(struct cn_kernel_crew *crew)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (crew->started + 1 < crew->count) {
        struct member *m = &crew->members[crew->started + 1];
        if (pthread_create(&m->thread, NULL, member_main, m))
            break;
        crew->started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return crew->started + 1 == crew->count;
}

enum cnas_status cn_kernel_crew_new(struct cn_kernel_crew **out, unsigned members)
{
    cn_require(members);
    struct cn_kernel_crew *crew = *out = cn_mem_zalloc(1, sizeof *crew);
    if (!crew || !(crew->members = cn_mem_zalloc(members, sizeof *crew->members))) {
        cn_mem_free(crew);
        *out = NULL;
        return CNAS_E_MEMORY;
    }
    crew->count = members;
    for (unsigned i = 0; i < members; i++) {
        crew->members[i].crew = crew;
        crew->members[i].index = i;
        crew->members[i].sleeper.watch_ns = MOST_NS;
        sem_init(&crew->members[i].sleeper.wake, 0, 0);
    }
    if (!start(crew))
        cn_kernel_crew_free(out);
    return *out ? CNAS_OK : CNAS_E_MEMORY;
}

void cn_kernel_crew_free(struct cn_kernel_crew **out)
{
    struct cn_kernel_crew *crew = *out;
    if (!crew)
        return;
    atomic_store(&crew->stop, true);
    for (unsigned i = 1; i <= crew->started; i++)
        wake(&crew->members[i].sleeper);
    for (unsigned i = 1; i <= crew->started; i++)
        pthread_join(crew->members[i].thread, NULL);
    for (unsigned i = 0; i < crew->count; i++)
        sem_destroy(&crew->members[i].sleeper.wake);
    cn_mem_free(crew->members);
    cn_mem_free(crew);
    *out = NULL;
}

unsigned cn_kernel_crew_members(const struct cn_kernel_crew *crew)
{
    return crew->count;
}
