/* A group of ranks (<cnas/group.h>) whose ranks are threads of this process: training on several ranks without MPI. */
#ifndef TESTS_SUPPORT_THREAD_GROUP_H
#define TESTS_SUPPORT_THREAD_GROUP_H

#include <cnas/group.h>

enum { THREAD_RANKS = 8, THREAD_SUMS = 256 };

struct thread_groups;

/* `size` structures, one for each thread. fail_rank, fail_at: this rank's call of this number (from 1) fails; 0: none does. */
struct thread_groups *thread_groups_new(unsigned size, unsigned fail_rank, unsigned fail_at);
const struct cnas_group *thread_group(struct thread_groups *all, unsigned rank);
unsigned thread_group_calls(const struct thread_groups *all, unsigned rank); /* so far */
void thread_groups_free(struct thread_groups **all);

#endif
