/* struct cnas_group over MPI 3.
 *
 * Gradients travel by MPI_Iallreduce; most MPI libraries move them only inside of MPI calls, hence MPI_Testall whenever sum_progress is
 * called. All ranks get the same bits: MPI 3.1, section 5.9.6, requires identical results of MPI_Allreduce. That the next run gets them too
 * is what the same standard strongly recommends (5.9.1) and Open MPI does for the same number of ranks, placed alike.
 * A process that dies ends the others by mpirun, and an error that MPI reports comes back as a status. */
#include <cnas/mpi.h>

#include <limits.h>
#include <mpi.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 4096 }; /* sums under way: no network has so many layers; a further one waits for the others */

static struct comm {
    struct cnas_group group;
    MPI_Comm comm;
    MPI_Request request[MOST];
    int requests, own, left; /* own: MPI was initialised here */
} the;

static enum cnas_status say(struct cnas_error *err, enum cnas_status status, const char *what, int code)
{
    char text[MPI_MAX_ERROR_STRING] = "";
    int length = 0;
    if (code == MPI_SUCCESS)
        return CNAS_OK;
    MPI_Error_string(code, text, &length);
    if (err) {
        err->status = status;
        snprintf(err->text, sizeof err->text, "MPI: %s: %.200s", what, text);
    }
    return status;
}

static int smaller(size_t n)
{
    return n < INT_MAX ? (int)n : INT_MAX;
}

static enum cnas_status sum(void *self, double *x, size_t n, struct cnas_error *err)
{
    struct comm *c = self;
    for (size_t at = 0; at < n; at += (size_t)smaller(n - at))
        CNAS_TRY(say(err, CNAS_E_CLOSED, "a sum failed", MPI_Allreduce(MPI_IN_PLACE, x + at, smaller(n - at), MPI_DOUBLE, MPI_SUM, c->comm)));
    return CNAS_OK;
}

static enum cnas_status sum_wait(void *self, struct cnas_error *err)
{
    struct comm *c = self;
    const int n = c->requests;
    c->requests = 0;
    return say(err, CNAS_E_CLOSED, "a sum failed", MPI_Waitall(n, c->request, MPI_STATUSES_IGNORE));
}

static enum cnas_status sum_start(void *self, float *x, size_t n, struct cnas_error *err)
{
    struct comm *c = self;
    for (size_t at = 0; at < n; at += (size_t)smaller(n - at)) {
        if (c->requests == MOST)
            CNAS_TRY(sum_wait(self, err));
        CNAS_TRY(say(err, CNAS_E_CLOSED, "a sum failed", MPI_Iallreduce(MPI_IN_PLACE, x + at, smaller(n - at), MPI_FLOAT, MPI_SUM, c->comm,
                                                                       &c->request[c->requests])));
        c->requests++;
    }
    return CNAS_OK;
}

static enum cnas_status sum_progress(void *self, struct cnas_error *err)
{
    struct comm *c = self;
    int done = 0;
    if (!c->requests)
        return CNAS_OK;
    CNAS_TRY(say(err, CNAS_E_CLOSED, "a sum failed", MPI_Testall(c->requests, c->request, &done, MPI_STATUSES_IGNORE)));
    if (done)
        c->requests = 0;
    return CNAS_OK;
}

static enum cnas_status broadcast(void *self, void *x, size_t bytes, struct cnas_error *err)
{
    struct comm *c = self;
    for (size_t at = 0; at < bytes; at += (size_t)smaller(bytes - at))
        CNAS_TRY(say(err, CNAS_E_CLOSED, "a broadcast failed", MPI_Bcast((char *)x + at, smaller(bytes - at), MPI_BYTE, 0, c->comm)));
    return CNAS_OK;
}

/* MPI has no way to go alone, but this rank shall say what went wrong before all end: close ends them. */
static void leave(void *self)
{
    ((struct comm *)self)->left = 1;
}

static enum cnas_status start(struct cnas_error *err)
{
    int ready = 0, level = 0;
    MPI_Initialized(&ready);
    if (!ready)
        CNAS_TRY(say(err, CNAS_E_CONNECT, "it cannot be started", MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level)));
    the.own = !ready;
    MPI_Query_thread(&level);
    if (level >= MPI_THREAD_FUNNELED)
        return CNAS_OK;
    if (err) {
        err->status = CNAS_E_CONNECT;
        snprintf(err->text, sizeof err->text, "MPI was started without threads: MPI_THREAD_FUNNELED is needed");
    }
    return CNAS_E_CONNECT;
}

static enum cnas_status local(unsigned *local_rank, unsigned *local_size, struct cnas_error *err)
{
    MPI_Comm here;
    int rank = 0, size = 1;
    CNAS_TRY(say(err, CNAS_E_CONNECT, "the ranks of this machine cannot be found",
                 MPI_Comm_split_type(the.comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &here)));
    MPI_Comm_rank(here, &rank);
    MPI_Comm_size(here, &size);
    MPI_Comm_free(&here);
    *local_rank = (unsigned)rank;
    *local_size = (unsigned)size;
    return CNAS_OK;
}

enum cnas_status cnas_mpi_open(struct cnas_group **group, unsigned *local_rank, unsigned *local_size, struct cnas_error *err)
{
    int rank = 0, size = 1;
    *group = NULL;
    memset(&the, 0, sizeof the);
    CNAS_TRY(start(err));
    CNAS_TRY(say(err, CNAS_E_CONNECT, "no communicator", MPI_Comm_dup(MPI_COMM_WORLD, &the.comm)));
    MPI_Comm_set_errhandler(the.comm, MPI_ERRORS_RETURN);
    CNAS_TRY(local(local_rank, local_size, err));
    MPI_Comm_rank(the.comm, &rank);
    MPI_Comm_size(the.comm, &size);
    the.group = (struct cnas_group){.self = &the, .rank = (unsigned)rank, .size = (unsigned)size, .sum = sum, .sum_start = sum_start,
                                    .sum_progress = sum_progress, .sum_wait = sum_wait, .broadcast = broadcast, .leave = leave};
    *group = &the.group;
    return CNAS_OK;
}

void cnas_mpi_close(struct cnas_group **group, int exit_status)
{
    if (!*group)
        return;
    if (the.left) {
        fflush(NULL);
        MPI_Abort(the.comm, exit_status);
    }
    MPI_Comm_free(&the.comm);
    if (the.own)
        MPI_Finalize();
    *group = NULL;
}
