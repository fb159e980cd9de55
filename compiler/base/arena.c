/* Bump allocation: a list of blocks, the newest first. Under AddressSanitizer what was not handed out, and a gap behind each allocation,
 * is poisoned: a read or write past an allocation is then seen as if it had come from malloc. */
#include "compiler/base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISON 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define POISON 1
#endif

#ifdef POISON
#include <sanitizer/asan_interface.h>
#define poison(p, n) ASAN_POISON_MEMORY_REGION((p), (n))
#define unpoison(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
#else
#define poison(p, n) ((void)(p), (void)(n))
#define unpoison(p, n) ((void)(p), (void)(n))
#endif

enum {
    BLOCK_SIZE = 1 << 16,
    ALIGN = 16,
#ifdef POISON
    GAP = ALIGN,
#else
    GAP = 0,
#endif
};

struct block {
    struct block *next;
    size_t used, size;
    _Alignas(ALIGN) unsigned char bytes[];
};

struct arena {
    struct block *blocks;
};

_Noreturn void bug_at(const char *file, int line, const char *why)
{
    fprintf(stderr, "cnasc: internal error at %s:%d: %s\nPlease report this with the input that caused it.\n", file, line, why);
    abort();
}

static _Noreturn void out_of_memory(void)
{
    fputs("cnasc: out of memory\n", stderr);
    exit(2);
}

struct arena *arena_new(void)
{
    struct arena *a = calloc(1, sizeof *a);
    if (!a)
        out_of_memory();
    return a;
}

void arena_free(struct arena **a)
{
    if (!*a)
        return;
    for (struct block *b = (*a)->blocks; b;) {
        struct block *next = b->next;
        unpoison(b->bytes, b->size);
        free(b);
        b = next;
    }
    free(*a);
    *a = NULL;
}

void *arena_alloc(struct arena *a, size_t size)
{
    if (size > SIZE_MAX / 2)
        out_of_memory();
    const size_t wanted = size;
    size = (size + ALIGN - 1) / ALIGN * ALIGN + GAP;
    struct block *b = a->blocks;
    if (!b || b->size - b->used < size) {
        size_t want = size > BLOCK_SIZE ? size : BLOCK_SIZE;
        b = calloc(1, sizeof *b + want);
        if (!b)
            out_of_memory();
        b->size = want;
        b->next = a->blocks;
        a->blocks = b;
        poison(b->bytes, b->size);
    }
    void *p = b->bytes + b->used;
    b->used += size;
    unpoison(p, wanted);
    return p;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        out_of_memory();
    return arena_alloc(a, total);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    char *copy = arena_alloc(a, n + 1);
    memcpy(copy, s, n);
    return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}

char *arena_vprintf(struct arena *a, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (n < 0)
        bug("bad printf format");
    char *s = arena_alloc(a, (size_t)n + 1);
    vsnprintf(s, (size_t)n + 1, format, again);
    va_end(again);
    return s;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *s = arena_vprintf(a, format, args);
    va_end(args);
    return s;
}
