/* A channel for tests that behaves until it has sent `at` bytes and then goes wrong, as a bad peer or a bad line would. */
#ifndef TESTS_SUPPORT_FAULT_H
#define TESTS_SUPPORT_FAULT_H

#include "runtime/net/chan.h"

enum fault {
    FAULT_NONE,
    FAULT_HANG_UP, /* closes */
    FAULT_STALL,   /* sends nothing more, and pretends that it did */
    FAULT_GARBAGE, /* sends random bytes instead */
    FAULT_FLIP     /* alters one bit of byte `at`, then behaves again */
};

/* Takes *inner over and sets it to NULL. Aborts the test when there is no memory. */
struct cn_chan *fault_chan(struct cn_chan **inner, enum fault fault, uint64_t at, uint64_t seed);

#endif
