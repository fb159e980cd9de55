/* Progress on stderr. */
#include "runtime/cli/progress.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { BAR_CELLS = 24, LINE_MAX_CHARS = 240 };
static const double redraw_s = 0.1, plain_s = 5, plain_share = 0.02;
static int quiet; /* written once, at the start of main */

void cn_progress_be_quiet(void)
{
    quiet = 1;
}

double cn_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

const char *cn_duration(char *out, size_t size, double seconds)
{
    if (!(seconds >= 0) || seconds > 359999)
        snprintf(out, size, "?");
    else if (seconds >= 3600)
        snprintf(out, size, "%dh%02dm", (int)seconds / 3600, (int)seconds / 60 % 60);
    else if (seconds >= 60)
        snprintf(out, size, "%dm%02ds", (int)seconds / 60, (int)seconds % 60);
    else
        snprintf(out, size, "%ds", (int)(seconds + 0.5));
    return out;
}

void cn_progress_start(struct cn_progress *p)
{
    struct winsize window;
    *p = (struct cn_progress){.terminal = isatty(STDERR_FILENO), .columns = 80, .started = cn_clock()};
    if (p->terminal && !ioctl(STDERR_FILENO, TIOCGWINSZ, &window) && window.ws_col >= 20)
        p->columns = window.ws_col;
    p->last = p->terminal ? 0 : p->started; /* a short step prints no plain line but its last */
}

void cn_progress_clear(struct cn_progress *p)
{
    if (p->terminal && p->drawn) {
        fprintf(stderr, "\r\033[K");
        fflush(stderr);
        p->drawn = 0;
    }
}

void cn_progress_show(struct cn_progress *p, double done, double total, const char *format, ...)
{
    double now = cn_clock();
    int first_full = done >= total && !p->full;
    if (quiet || (!first_full && now - p->last < (p->terminal ? redraw_s : fmax(plain_s, plain_share * (now - p->started)))))
        return;
    p->full = done >= total;
    p->last = now;
    char text[LINE_MAX_CHARS], line[2 * LINE_MAX_CHARS], eta[16];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    double share = total > 0 ? fmin(done / total, 1) : 0;
    cn_duration(eta, sizeof eta, share > 0 ? (now - p->started) * (1 - share) / share : NAN);
    if (!p->terminal) {
        fprintf(stderr, "%3d%%  %s  %s left\n", (int)(100 * share), text, eta);
        return;
    }
    char bar[BAR_CELLS + 1];
    for (int i = 0; i < BAR_CELLS; i++)
        bar[i] = i < (int)(share * BAR_CELLS + 0.5) ? '#' : '.';
    bar[BAR_CELLS] = '\0';
    snprintf(line, sizeof line, "[%s] %3d%%  %s  %s left", bar, (int)(100 * share), text, eta);
    /* the last column stays free: some terminals wrap when it is written */
    fprintf(stderr, "\r%.*s\033[K", p->columns - 1, line);
    fflush(stderr);
    p->drawn = 1;
}
