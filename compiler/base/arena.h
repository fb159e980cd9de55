/* Bump allocation for one compilation: everything is freed at once.
 * Running out of memory ends the compiler with exit status 2 (there is nothing useful left to do); callers never test for NULL.
 * Not thread-safe: one arena belongs to one thread. */
#ifndef COMPILER_BASE_ARENA_H
#define COMPILER_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena **a); /* frees every allocation, sets *a to NULL; a NULL *a is fine */

/* Zeroed memory, aligned for any type, alive until arena_free. size 0 gives a valid pointer. */
void *arena_alloc(struct arena *a, size_t size);
void *arena_array(struct arena *a, size_t count, size_t size); /* overflow of count * size counts as out of memory */
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_vprintf(struct arena *a, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, count) ((type *)arena_array((a), (count), sizeof(type)))

/* A broken contract inside the compiler: says where, aborts. Never for user input. */
#define bug(why) bug_at(__FILE__, __LINE__, (why))
_Noreturn void bug_at(const char *file, int line, const char *why);

#endif
