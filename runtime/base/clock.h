/* Time that passes, whatever is done to the date: CLOCK_MONOTONIC of POSIX. Only differences mean anything. */
#ifndef RUNTIME_BASE_CLOCK_H
#define RUNTIME_BASE_CLOCK_H

#include <stdint.h>

int64_t cn_clock_ns(void);
double cn_clock_s(void);

#endif
