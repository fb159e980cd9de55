/* Mutations for libFuzzer that keep tokens whole, for both languages: names, numbers, strings and signs are moved, copied, left out and
 * exchanged, alone and as whole groups `...;`, `(...)`, `{...}`. libFuzzer's own, of bytes, take turns with them. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t n, size_t max); /* libFuzzer's */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n, size_t max, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t n_a, const uint8_t *b, size_t n_b, uint8_t *out, size_t max, unsigned seed);

enum { MOST_TOKENS = 4096, MOST_STACKED = 4 };

struct piece { /* bytes [from, to) */
    size_t from, to;
};

struct tokens {
    const uint8_t *bytes;
    size_t n;
    struct piece at[MOST_TOKENS];
};

static uint64_t next(uint64_t *state) /* splitmix64 */
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static size_t below(uint64_t *state, size_t n)
{
    return (size_t)(next(state) % n);
}

/* --- tokens of any bytes --- */

enum class { BLANK, WORD, NUMBER, SIGN };

static enum class class_of(uint8_t c)
{
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r')
        return BLANK;
    if (c >= '0' && c <= '9')
        return NUMBER;
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ? WORD : SIGN;
}

static size_t end_of(const uint8_t *bytes, size_t n, size_t from)
{
    size_t i = from + 1;
    enum class class = class_of(bytes[from]);
    if (bytes[from] == '"') {
        while (i < n && bytes[i] != '"' && bytes[i] != '\n')
            i += bytes[i] == '\\' && i + 1 < n ? 2 : 1;
        return i < n ? i + 1 : n;
    }
    if (class == SIGN) /* two at most: |> -> .. ** == // */
        return i < n && class_of(bytes[i]) == SIGN && strchr("|-.*=!<>/", bytes[from]) && strchr(">.*=/", bytes[i]) ? i + 1 : i;
    while (i < n && (class_of(bytes[i]) == WORD || class_of(bytes[i]) == NUMBER))
        i++;
    return i;
}

static void split(struct tokens *t, const uint8_t *bytes, size_t n)
{
    t->bytes = bytes;
    t->n = 0;
    for (size_t i = 0; i < n && t->n < MOST_TOKENS;) {
        if (class_of(bytes[i]) == BLANK) {
            i++;
            continue;
        }
        size_t end = end_of(bytes, n, i);
        t->at[t->n++] = (struct piece){i, end};
        i = end;
    }
}

/* From token i to its bracket's end, or to the end of its statement, or some tokens. */
static struct piece group(const struct tokens *t, size_t i, uint64_t *state)
{
    size_t few = 1 + below(state, 6), depth = 0, k = i;
    bool whole = below(state, 2);
    for (; k < t->n; k++) {
        uint8_t c = t->bytes[t->at[k].from];
        if (c == '(' || c == '[' || c == '{')
            depth++;
        if ((c == ')' || c == ']' || c == '}') && depth > 0 && --depth == 0 && whole)
            break;
        if ((whole ? c == ';' && depth == 0 : k - i + 1 >= few))
            break;
    }
    return (struct piece){t->at[i].from, t->at[k < t->n ? k : t->n - 1].to};
}

/* --- mutations --- */

/* out: the bytes with [cut) replaced by n bytes of put; nothing changes where that is too long. */
static size_t splice(uint8_t *bytes, size_t n, size_t max, struct piece cut, const uint8_t *put, size_t n_put)
{
    if (n - (cut.to - cut.from) + n_put > max)
        return n;
    memmove(bytes + cut.from + n_put, bytes + cut.to, n - cut.to);
    memcpy(bytes + cut.from, put, n_put);
    return n - (cut.to - cut.from) + n_put;
}

static const char *const numbers[] = {"0", "1", "2", "3", "7", "8", "16", "64", "-1", "1000", "65535", "65536", "1048576", "2147483647", "2147483648",
                                      "4294967296", "4611686018427387904", "9223372036854775807", "0.5", "1.5", "1e-300", "1e308", "84k", "50%"};

static size_t mutate_once(struct tokens *t, uint8_t *bytes, size_t n, size_t max, uint64_t *state)
{
    split(t, bytes, n);
    if (t->n < 2)
        return LLVMFuzzerMutate(bytes, n, max);
    size_t i = below(state, t->n), k = below(state, t->n);
    struct piece here = t->at[i], from = group(t, k, state), empty = {here.from, here.from}, cut = here;
    uint8_t *put = malloc(max + 2);
    size_t n_put = from.to - from.from;
    if (!put)
        abort();
    memcpy(put, bytes + from.from, n_put);
    put[n_put] = ' ';
    switch (below(state, 6)) {
    case 0: /* left out */
        cut = group(t, i, state);
        n_put = 0;
        break;
    case 1: /* copied, here and there */
    case 2:
        cut = empty;
        n_put++;
        break;
    case 3: /* one for another of its kind */
        for (size_t tries = 0; tries < 8 && class_of(bytes[t->at[k].from]) != class_of(bytes[here.from]); tries++)
            k = below(state, t->n);
        n_put = t->at[k].to - t->at[k].from;
        memcpy(put, bytes + t->at[k].from, n_put);
        break;
    case 4: /* a group for a group */
        cut = group(t, i, state);
        break;
    case 5: { /* a number */
        for (size_t tries = 0; tries < 16 && class_of(bytes[t->at[i].from]) != NUMBER; tries++)
            i = below(state, t->n);
        const char *number = numbers[below(state, sizeof numbers / sizeof *numbers)];
        cut = t->at[i];
        n_put = strlen(number) < max ? strlen(number) : max;
        memcpy(put, number, n_put);
        break;
    }
    }
    n = splice(bytes, n, max, cut, put, n_put);
    free(put);
    return n;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n, size_t max, unsigned seed)
{
    static struct tokens t;
    uint64_t state = seed;
    if (below(&state, 3) == 0)
        return LLVMFuzzerMutate(bytes, n, max);
    for (size_t left = 1 + below(&state, MOST_STACKED); left > 0; left--)
        n = mutate_once(&t, bytes, n, max, &state);
    return n;
}

/* a with a group of b somewhere. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t n_a, const uint8_t *b, size_t n_b, uint8_t *out, size_t max, unsigned seed)
{
    static struct tokens of_a, of_b;
    uint64_t state = seed;
    split(&of_a, a, n_a);
    split(&of_b, b, n_b);
    if (n_a > max || of_a.n == 0 || of_b.n == 0)
        return 0;
    memcpy(out, a, n_a);
    struct piece from = group(&of_b, below(&state, of_b.n), &state);
    size_t i = below(&state, of_a.n);
    struct piece cut = below(&state, 2) ? group(&of_a, i, &state) : (struct piece){of_a.at[i].from, of_a.at[i].from};
    return splice(out, n_a, max, cut, b + from.from, from.to - from.from);
}
