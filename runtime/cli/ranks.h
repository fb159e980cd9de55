/* The other processes of a training that mpirun has started. */
#ifndef RUNTIME_CLI_RANKS_H
#define RUNTIME_CLI_RANKS_H

#include <cnas/mpi.h>

struct cn_ranks {
    struct cnas_group *group; /* NULL: this process is alone */
    unsigned local_rank, local_size; /* among those on this machine */
    void (*close)(struct cnas_group **group, int exit_status);
};

/* By the environment: this process's rank if it is one of several, else 0. Before _open, for what is said once. */
unsigned cn_ranks_announced(void);
/* Joins the others where there are any; ranks but the first then print nothing on stdout. An exit status, -1 to go on. */
int cn_ranks_open(struct cn_ranks *r);
/* The status of all: -1 if it is -1 on every rank; else the own one, or 1. Every rank must call it. */
int cn_ranks_agree(struct cn_ranks *r, int status);
/* bytes at value become those of the first rank. -1, or an exit status. */
int cn_ranks_share(struct cn_ranks *r, void *value, size_t bytes);
/* The default of --threads: this rank's share of the machine's cores; 0, for all, if it has them alone. */
unsigned cn_ranks_threads(const struct cn_ranks *r);
static inline int cn_ranks_is_first(const struct cn_ranks *r)
{
    return !r->group || r->group->rank == 0;
}
/* All ranks close when they need each other no more; one that has left ends all of them. */
void cn_ranks_close(struct cn_ranks *r, int status);

#endif
