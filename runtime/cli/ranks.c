/* libcnasmpi is loaded only here and only by a process that mpirun started as one of several: programs need no MPI to link or to start. */
#define _GNU_SOURCE
#include "runtime/cli/ranks.h"

#include "runtime/cli/args.h"

#include <dlfcn.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char file[] = "libcnasmpi.so.0";

static unsigned long number(const char *variable)
{
    const char *text = getenv(variable);
    return text ? strtoul(text, NULL, 10) : 0;
}

/* What mpirun of Open MPI, of MPICH and its relatives, and PMIx (srun --mpi=pmix) say. */
static int are_several(void)
{
    return number("OMPI_COMM_WORLD_SIZE") > 1 || number("PMI_SIZE") > 1 || (!getenv("OMPI_COMM_WORLD_SIZE") && getenv("PMIX_RANK"));
}

unsigned cn_ranks_announced(void)
{
    static const char *const variables[] = {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"};
    unsigned long rank = 0;
    for (size_t i = 0; i < sizeof variables / sizeof *variables && are_several() && !rank; i++)
        rank = number(variables[i]);
    return (unsigned)rank;
}

/* Beside the library that this code is in, else wherever the system looks. RTLD_GLOBAL: MPI's own plugins need its symbols. */
static void *load(void)
{
    Dl_info here;
    char path[1024];
    void *library = NULL;
    const char *slash = dladdr(file, &here) && here.dli_fname ? strrchr(here.dli_fname, '/') : NULL;
    if (slash && snprintf(path, sizeof path, "%.*s/%s", (int)(slash - here.dli_fname), here.dli_fname, file) < (int)sizeof path)
        library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
    return library ? library : dlopen(file, RTLD_NOW | RTLD_GLOBAL);
}

/* A function of the library; memcpy because C has no conversion from a pointer to data. */
static int find(void *library, const char *name, void *function)
{
    void *const symbol = dlsym(library, name);
    memcpy(function, &symbol, sizeof symbol);
    return symbol != NULL;
}

int cn_ranks_open(struct cn_ranks *r)
{
    enum cnas_status (*open)(struct cnas_group **, unsigned *, unsigned *, struct cnas_error *);
    struct cnas_error err = {0};
    if (!are_several())
        return -1;
    void *library = load();
    if (!library)
        return cn_ranks_announced() ? 1 : cn_fail(1, "started as one of several processes by mpirun, but there is no MPI here: %s; "
                                                     "configure cnasc --with-mpi, or start one process", dlerror());
    if (!find(library, "cnas_mpi_open", &open) || !find(library, "cnas_mpi_close", &r->close))
        return cn_fail(1, "%s: not the library of this version", file);
    if (open(&r->group, &r->local_rank, &r->local_size, &err))
        return cn_fail(1, "%s", err.text);
    if (r->group->size == 1)
        cn_ranks_close(r, 0);
    else if (r->group->rank && !freopen("/dev/null", "w", stdout))
        return cn_fail(1, "/dev/null cannot be opened");
    return -1;
}

int cn_ranks_agree(struct cn_ranks *r, int status)
{
    struct cnas_error err = {0};
    double failed = status >= 0;
    if (!r->group)
        return status;
    if (r->group->sum(r->group->self, &failed, 1, &err))
        return status >= 0 ? status : cn_fail(1, "rank %u: %s", r->group->rank, err.text);
    return status < 0 && failed > 0.5 ? 1 : status;
}

int cn_ranks_share(struct cn_ranks *r, void *value, size_t bytes)
{
    struct cnas_error err = {0};
    if (r->group && r->group->broadcast(r->group->self, value, bytes, &err))
        return cn_fail(1, "rank %u: %s", r->group->rank, err.text);
    return -1;
}

unsigned cn_ranks_threads(const struct cn_ranks *r)
{
    cpu_set_t set;
    if (!r->group || r->local_size < 2 || sched_getaffinity(0, sizeof set, &set))
        return 0;
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    const unsigned mine = (unsigned)CPU_COUNT(&set), share = online > 0 ? (unsigned)online / r->local_size : 1;
    const unsigned least = mine < share ? mine : share; /* mpirun may have bound this rank to some cores already */
    return least ? least : 1;
}

void cn_ranks_close(struct cn_ranks *r, int status)
{
    if (r->group)
        r->close(&r->group, status);
}
