/* Aligned memory and wiping. */
#include "runtime/base/mem.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

void *cn_mem_alloc(size_t count, size_t size)
{
    size_t bytes, padded;
    if (__builtin_mul_overflow(count, size, &bytes) || __builtin_add_overflow(bytes, 64, &padded))
        return NULL;
    return aligned_alloc(64, padded / 64 * 64);
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
