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

struct cn_text cn_bytes_text(uint64_t bytes)
{
    static const char *const unit[] = {"B", "kB", "MB", "GB", "TB"};
    double v = (double)bytes;
    int u = 0;
    if (bytes < 1000) {
        struct cn_text t;
        snprintf(t.c, sizeof t.c, "%u B", (unsigned)bytes);
        return t;
    }
    for (; v >= 999.5 && u < 4; u++)
        v /= 1000;
    return three_digits(v, unit[u]);
}

struct cn_text cn_count_text(uint64_t n)
{
    static const char *const unit[] = {"", "thousand", "million", "billion", "trillion"};
    double v = (double)n;
    int u = 0;
    if (n < 1000) {
        struct cn_text t;
        snprintf(t.c, sizeof t.c, "%u", (unsigned)n);
        return t;
    }
    for (; v >= 999.5 && u < 4; u++)
        v /= 1000;
    return three_digits(v, unit[u]);
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
