/* Two parties in one test: each a function on its own end of a channel, run in two threads. */
#ifndef TESTS_SUPPORT_TWO_H
#define TESTS_SUPPORT_TWO_H

#include "runtime/net/chan.h"

#include <stddef.h>

typedef enum cnas_status party_function(void *self, struct cn_chan *chan);

/* All that one side sent, in order. */
struct record {
    unsigned char *bytes; /* malloc'd; the test frees it */
    size_t n, room;
};

struct two {
    struct cn_chan *a, *b;  /* freed by two_run */
    struct record *sent[2]; /* by a, by b; NULL: not recorded */
};
/* An in-memory pair; wrap or replace the ends before two_run. */
struct two two_new(double deadline_s);
/* 64 hex digits and a NUL: BLAKE2b-256 of what was recorded. */
void two_digest(char hex[65], const struct record *r);
/* Runs f on t->a in this thread and g on t->b in another. The first to fail hangs up, as a program would. */
void two_run(struct two *t, enum cnas_status status[2], party_function *f, void *f_self, party_function *g, void *g_self);

#endif
