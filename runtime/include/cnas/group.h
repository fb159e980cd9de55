/* Several ranks that train one network together: what cnas_train asks of whatever connects them. <cnas/mpi.h> has one over MPI; a
 * program with another way of passing numbers around fills this structure itself.
 *
 * Every rank makes the same calls in the same order, each from the thread that called cnas_train; nobody calls while another call of the
 * same rank is under way. The calls of a rank are about one another only: sums that were started may be carried out whenever that is
 * convenient before sum_wait returns, also in the middle of other calls. Every rank gets the same bits: the weights of the ranks must
 * never drift apart. That a repeated training gives the same bits too needs sums in an order that is fixed.
 *
 * A call that fails is the end of the training on this rank. leave is then told, also when it is a failure that the other ranks do not see
 * (no memory, a full disk): from then on calls of the other ranks must fail too, those that wait already as well, or the whole group
 * must end. Nothing is called on this rank after it. */
#ifndef CNAS_GROUP_H
#define CNAS_GROUP_H

#include <stddef.h>

#include <cnas/status.h>

struct cnas_group {
    void *self;          /* handed to each call */
    unsigned rank, size; /* 0 <= rank < size; rank 0 writes the files */

    /* x[0 .. n) becomes the sum over all ranks. */
    enum cnas_status (*sum)(void *self, double *x, size_t n, struct cnas_error *err);

    /* Starts the same for floats and returns at once; x is the group's until sum_wait, which waits for all that were started.
     * sum_progress is called now and then in between, so that what is under way gets on without threads of its own. */
    enum cnas_status (*sum_start)(void *self, float *x, size_t n, struct cnas_error *err);
    enum cnas_status (*sum_progress)(void *self, struct cnas_error *err);
    enum cnas_status (*sum_wait)(void *self, struct cnas_error *err);

    /* x, `bytes` of them, becomes what rank 0 has there. */
    enum cnas_status (*broadcast)(void *self, void *x, size_t bytes, struct cnas_error *err);

    void (*leave)(void *self);
};

#endif
