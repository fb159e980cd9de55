/* Ranks that are MPI processes (libcnasmpi, built by configure --with-mpi): the only part of the runtime that knows MPI. */
#ifndef CNAS_MPI_H
#define CNAS_MPI_H

#include <cnas/group.h>

/* Initialises MPI unless the program has done so (then with MPI_THREAD_FUNNELED at least, from the thread that calls this), and makes a group
 * of all its processes, on a communicator of its own. One group at a time.
 * *local_rank, *local_size: among the processes on this machine. */
CNAS_CHECKED enum cnas_status cnas_mpi_open(struct cnas_group **group, unsigned *local_rank, unsigned *local_size, struct cnas_error *err);

/* Waits for the other ranks, which close too; finalises MPI if open initialised it. On a rank that has left (see <cnas/group.h>) it does
 * not return: MPI ends all processes, this one with exit_status. *group NULL is fine. */
void cnas_mpi_close(struct cnas_group **group, int exit_status);

#endif
