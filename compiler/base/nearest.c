/* Edit distance with transpositions (Damerau 1964, the "optimal string alignment" form): insertion, deletion, substitution
 * and swapping neighbours cost 1. A candidate counts as near when the distance is at most a third of the word's length, and as nearest
 * when only capitals and underscores differ: MaxPool, max_pool. */
#include "compiler/base/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { LONGEST = 40 }; /* longer words get no suggestion: it bounds the table and the time */

static size_t min2(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t d[LONGEST + 1][LONGEST + 1];
    for (size_t i = 0; i <= n; i++)
        d[i][0] = i;
    for (size_t j = 0; j <= m; j++)
        d[0][j] = j;
    for (size_t i = 1; i <= n; i++)
        for (size_t j = 1; j <= m; j++) {
            d[i][j] = min2(min2(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = min2(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[n][m];
}

static bool same_letters(const char *a, const char *b)
{
    for (;; a++, b++) {
        while (*a == '_')
            a++;
        while (*b == '_')
            b++;
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return false;
        if (!*a)
            return true;
    }
}

struct nearest nearest_to(const char *word)
{
    size_t limit = strlen(word) / 3;
    return (struct nearest){.word = word, .distance = (limit ? limit : 1) + 1};
}

void nearest_try(struct nearest *near, const char *candidate)
{
    size_t n = strlen(near->word), m = strlen(candidate);
    if (n > LONGEST || m > LONGEST || n + m == 0)
        return;
    bool same = same_letters(near->word, candidate);
    if (!same && (n > m ? n - m : m - n) >= near->distance)
        return;
    size_t d = same ? 0 : distance(near->word, n, candidate, m);
    if (d < near->distance && d < n) { /* d == n: nothing of the word is left */
        near->distance = d;
        near->best = candidate;
    }
}
