/* Shares of a training set. */
#include "runtime/cli/held_out.h"

#include "runtime/cli/args.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int cn_held_out_parse(struct cn_held_out *h, const char *text)
{
    char *end;
    *h = (struct cn_held_out){0, 0};
    if (!text)
        return -1;
    const int decimal = text[strspn(text, "0123456789.eE+-%")] == '\0' && text[0] >= '0' && text[0] <= '9';
    const double v = decimal ? strtod(text, &end) : (end = (char *)(uintptr_t)text, -1);
    if (!strcmp(end, "%") && v > 0 && v < 100)
        h->percent = v;
    else if (!*end && v >= 1 && v <= 1e9 && v == floor(v))
        h->images = (uint64_t)v;
    else
        return cn_fail(2, "--validation needs a number of images or a share of them such as 10%%, not `%s'", text);
    return -1;
}

size_t cn_held_out_of(const struct cn_held_out *h, size_t n)
{
    return h->percent > 0 ? (size_t)fmax(1, (double)n * h->percent / 100) : (size_t)h->images;
}
