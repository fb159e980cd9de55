/* Two parties in one test: each a function on its own end of a channel, run in two threads. */
#ifndef TESTS_SUPPORT_TWO_H
#define TESTS_SUPPORT_TWO_H

#include "runtime/net/chan.h"

typedef enum cnas_status party_function(void *self, struct cn_chan *chan);

struct two {
    struct cn_chan *a, *b;              /* freed by two_run */
    unsigned char *record_a, *record_b; /* 32 bytes each or NULL: BLAKE2b-256 of all that this side sent */
};
/* An in-memory pair; wrap or replace the ends before two_run. */
struct two two_new(double deadline_s);
/* Runs f on t->a in this thread and g on t->b in another. The first to fail hangs up, as a program would. */
void two_run(struct two *t, enum cnas_status status[2], party_function *f, void *f_self, party_function *g, void *g_self);

#endif
