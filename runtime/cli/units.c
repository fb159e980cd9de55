/* Numbers for people. */
#include "runtime/cli/units.h"

#include <stdio.h>
#include <sys/resource.h>

static struct cn_text three_digits(double v, const char *unit)
{
    struct cn_text t;
    snprintf(t.c, sizeof t.c, v < 9.995 ? "%.2f %s" : v < 99.95 ? "%.1f %s" : "%.0f %s", v, unit);
    return t;
}

enum { STEPS = 5 };

/* In the first of these units, each a thousand of the one before, that needs no fourth digit; whole numbers in the very first. */
static struct cn_text in_thousands(uint64_t n, const char *const unit[STEPS])
{
    double v = (double)n;
    int u = 0;
    if (n < 1000) {
        struct cn_text t;
        snprintf(t.c, sizeof t.c, "%u%s%s", (unsigned)n, *unit[0] ? " " : "", unit[0]);
        return t;
    }
    for (; v >= 999.5 && u < STEPS - 1; u++)
        v /= 1000;
    return three_digits(v, unit[u]);
}

struct cn_text cn_bytes_text(uint64_t bytes)
{
    static const char *const unit[STEPS] = {"B", "kB", "MB", "GB", "TB"};
    return in_thousands(bytes, unit);
}

struct cn_text cn_count_text(uint64_t n)
{
    static const char *const unit[STEPS] = {"", "thousand", "million", "billion", "trillion"};
    return in_thousands(n, unit);
}

struct cn_text cn_seconds_text(double seconds)
{
    return seconds < 1 ? three_digits(seconds * 1e3, "ms") : three_digits(seconds, "s");
}

uint64_t cn_peak_memory(void)
{
    struct rusage u;
    return getrusage(RUSAGE_SELF, &u) == 0 ? (uint64_t)u.ru_maxrss * 1024 : 0; /* Linux counts in KiB */
}
