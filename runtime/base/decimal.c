/* Numbers as text. The locale of the calling thread is set aside meanwhile (POSIX.1-2008, uselocale): other threads do not notice. */
#include "runtime/base/decimal.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

/* Where there is no memory for it, which the C library's own "C" never needs, the program's locale stays. */
struct aside {
    locale_t plain, before;
};

static struct aside set_aside(void)
{
    struct aside a = {.plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0)};
    if (a.plain)
        a.before = uselocale(a.plain);
    return a;
}

static void put_back(struct aside a)
{
    if (!a.plain)
        return;
    uselocale(a.before);
    freelocale(a.plain);
}

void cn_decimal(char out[CN_DECIMAL], double x, int digits)
{
    const struct aside a = set_aside();
    snprintf(out, CN_DECIMAL, "%.*g", digits, x);
    put_back(a);
}

double cn_decimal_read(const char *text, char **end)
{
    const struct aside a = set_aside();
    const double x = strtod(text, end);
    put_back(a);
    return x;
}
