/* How many images are held out of a training set: "5000", or "10%" of them. */
#ifndef RUNTIME_CLI_HELD_OUT_H
#define RUNTIME_CLI_HELD_OUT_H

#include <stddef.h>
#include <stdint.h>

struct cn_held_out { /* either of the two, or neither */
    uint64_t images;
    double percent;
};

/* The value of --validation; NULL: not given. -1 to go on, else an exit status. */
int cn_held_out_parse(struct cn_held_out *h, const char *text);
/* Of n images; 0: none. */
size_t cn_held_out_of(const struct cn_held_out *h, size_t n);

#endif
