/* Progress of a long step on stderr: a bar that is redrawn on a terminal; elsewhere a plain line now and then. */
#ifndef RUNTIME_CLI_PROGRESS_H
#define RUNTIME_CLI_PROGRESS_H

#include <stddef.h>

struct cn_progress {
    int terminal;      /* stderr is one */
    int columns;       /* its width */
    double started;    /* cn_clock of the start */
    double last;       /* ... of the last drawing; 0: never */
    int drawn;         /* a bar is on the terminal's line now */
    int full;          /* the last drawing showed done == total */
};

double cn_clock(void); /* seconds, monotonic */
void cn_progress_be_quiet(void); /* from now on nothing is drawn in this process */
void cn_progress_start(struct cn_progress *p);
/* done of total, then a text. A terminal is redrawn at most 10 times a second; other files get a line at most every 5 seconds,
 * and in long steps at most each fiftieth of the time so far;
 * done == total is drawn at once when it is reached. The estimate of the time left counts from the start. */
void cn_progress_show(struct cn_progress *p, double done, double total, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Takes the bar away, so that ordinary lines can be printed. */
void cn_progress_clear(struct cn_progress *p);
/* "1h02m", "3m07s", "12s" into out. */
const char *cn_duration(char *out, size_t size, double seconds);

#endif
