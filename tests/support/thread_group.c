/* Every call is a meeting: who comes last does the work for all, in the order of ranks, and wakes the others. */
#include "tests/support/thread_group.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { SUM, SUM_FLOATS, BROADCAST };

struct rank {
    struct cnas_group group;
    struct thread_groups *all;
    /* what it came with to the meeting */
    enum kind kind;
    void *x;
    size_t n;
    struct {
        float *x;
        size_t n;
    } started[THREAD_SUMS];
    unsigned n_started, calls;
};

struct thread_groups {
    struct rank ranks[THREAD_RANKS];
    unsigned size, here, fail_rank, fail_at;
    unsigned long meeting;
    int broken;
    pthread_mutex_t lock;
    pthread_cond_t over;
};

static enum cnas_status say(struct cnas_error *err, enum cnas_status status, const char *text)
{
    err->status = status;
    snprintf(err->text, sizeof err->text, "%s", text);
    return status;
}

static void work(struct thread_groups *all)
{
    struct rank *first = &all->ranks[0];
    for (unsigned r = 1; r < all->size; r++)
        if (all->ranks[r].kind != first->kind || all->ranks[r].n != first->n)
            abort(); /* the ranks do not make the same calls */
    for (size_t i = 0; i < first->n && first->kind != BROADCAST; i++) {
        double sum = 0;
        float sum_floats = 0;
        for (unsigned r = 0; r < all->size; r++)
            if (first->kind == SUM)
                sum += ((double *)all->ranks[r].x)[i];
            else
                sum_floats += ((float *)all->ranks[r].x)[i];
        for (unsigned r = 0; r < all->size; r++)
            if (first->kind == SUM)
                ((double *)all->ranks[r].x)[i] = sum;
            else
                ((float *)all->ranks[r].x)[i] = sum_floats;
    }
    for (unsigned r = 1; r < all->size && first->kind == BROADCAST; r++)
        memcpy(all->ranks[r].x, first->x, first->n);
}

static enum cnas_status meet(struct rank *me, enum kind kind, void *x, size_t n, struct cnas_error *err)
{
    struct thread_groups *all = me->all;
    const unsigned rank = me->group.rank;
    if (++me->calls == all->fail_at && rank == all->fail_rank)
        return say(err, CNAS_E_IO, "the cable is out");
    pthread_mutex_lock(&all->lock);
    me->kind = kind;
    me->x = x;
    me->n = n;
    const unsigned long meeting = all->meeting;
    if (++all->here == all->size && !all->broken) {
        work(all);
        all->here = 0;
        all->meeting++;
        pthread_cond_broadcast(&all->over);
    }
    while (all->meeting == meeting && !all->broken)
        pthread_cond_wait(&all->over, &all->lock);
    const int broken = all->meeting == meeting;
    pthread_mutex_unlock(&all->lock);
    return broken ? say(err, CNAS_E_CLOSED, "a rank has left") : CNAS_OK;
}

static enum cnas_status sum(void *self, double *x, size_t n, struct cnas_error *err)
{
    return meet(self, SUM, x, n, err);
}

static enum cnas_status sum_start(void *self, float *x, size_t n, struct cnas_error *err)
{
    struct rank *me = self;
    if (me->n_started == THREAD_SUMS)
        return say(err, CNAS_E_RANGE, "too many sums");
    me->started[me->n_started].x = x;
    me->started[me->n_started++].n = n;
    return CNAS_OK;
}

static enum cnas_status sum_progress(void *self, struct cnas_error *err)
{
    (void)self;
    (void)err;
    return CNAS_OK;
}

static enum cnas_status sum_wait(void *self, struct cnas_error *err)
{
    struct rank *me = self;
    const unsigned n = me->n_started;
    me->n_started = 0;
    for (unsigned i = 0; i < n; i++)
        CNAS_TRY(meet(me, SUM_FLOATS, me->started[i].x, me->started[i].n, err));
    return CNAS_OK;
}

static enum cnas_status broadcast(void *self, void *x, size_t bytes, struct cnas_error *err)
{
    return meet(self, BROADCAST, x, bytes, err);
}

static void leave(void *self)
{
    struct thread_groups *all = ((struct rank *)self)->all;
    pthread_mutex_lock(&all->lock);
    all->broken = 1;
    pthread_cond_broadcast(&all->over);
    pthread_mutex_unlock(&all->lock);
}

struct thread_groups *thread_groups_new(unsigned size, unsigned fail_rank, unsigned fail_at)
{
    struct thread_groups *all = calloc(1, sizeof *all);
    if (!all || size > THREAD_RANKS)
        abort();
    all->size = size;
    all->fail_rank = fail_rank;
    all->fail_at = fail_at;
    pthread_mutex_init(&all->lock, NULL);
    pthread_cond_init(&all->over, NULL);
    for (unsigned r = 0; r < size; r++) {
        all->ranks[r].all = all;
        all->ranks[r].group = (struct cnas_group){.self = &all->ranks[r], .rank = r, .size = size, .sum = sum, .sum_start = sum_start,
                                                  .sum_progress = sum_progress, .sum_wait = sum_wait, .broadcast = broadcast, .leave = leave};
    }
    return all;
}

const struct cnas_group *thread_group(struct thread_groups *all, unsigned rank)
{
    return &all->ranks[rank].group;
}

unsigned thread_group_calls(const struct thread_groups *all, unsigned rank)
{
    return all->ranks[rank].calls;
}

void thread_groups_free(struct thread_groups **all)
{
    pthread_cond_destroy(&(*all)->over);
    pthread_mutex_destroy(&(*all)->lock);
    free(*all);
    *all = NULL;
}
