/* Aligned memory and wiping. */
#include "runtime/base/mem.h"

#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

enum { HUGE_PAGE = 2 << 20, LARGE = 2 * HUGE_PAGE };

void *cn_mem_alloc(size_t count, size_t size)
{
    size_t bytes, padded;
    if (__builtin_mul_overflow(count, size, &bytes) || __builtin_add_overflow(bytes, HUGE_PAGE, &padded) || padded > PTRDIFF_MAX)
        return NULL;
    if (bytes < LARGE)
        return aligned_alloc(64, (bytes + 64) / 64 * 64);
    /* large arrays are often written once from end to end, and then page faults cost as much as the work: ask for huge pages */
    void *p = aligned_alloc(HUGE_PAGE, padded / HUGE_PAGE * HUGE_PAGE);
#ifdef MADV_HUGEPAGE
    if (p)
        madvise(p, bytes, MADV_HUGEPAGE); /* advice: whether it is followed changes no result */
#endif
    return p;
}

void *cn_mem_zalloc(size_t count, size_t size)
{
    void *p = cn_mem_alloc(count, size);
    if (p)
        memset(p, 0, count * size);
    return p;
}

void cn_mem_free(void *p)
{
    free(p);
}

void cn_mem_trim(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

void cn_mem_wipe(void *p, size_t size)
{
    if (size)
        sodium_memzero(p, size);
}

void cn_mem_wipe_free(void *p, size_t size)
{
    if (p)
        cn_mem_wipe(p, size);
    free(p);
}
