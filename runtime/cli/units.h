/* Numbers for people. */
#ifndef RUNTIME_CLI_UNITS_H
#define RUNTIME_CLI_UNITS_H

#include <stdint.h>

struct cn_text {
    char c[24];
};
struct cn_text cn_bytes_text(uint64_t bytes);     /* "812 B", "4.25 kB", "117 MB": powers of ten, three digits */
struct cn_text cn_count_text(uint64_t n);         /* "812", "4.25 thousand", "117 million" */
struct cn_text cn_seconds_text(double seconds);   /* "8.31 ms", "2.04 s" */
uint64_t cn_peak_memory(void);                    /* of this process so far, bytes resident */

#endif
