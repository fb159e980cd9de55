/* Memory: aligned to 64 bytes, sizes checked for overflow. NULL means none left: callers return CNAS_E_MEMORY. */
#ifndef RUNTIME_BASE_MEM_H
#define RUNTIME_BASE_MEM_H

#include <stddef.h>

void *cn_mem_alloc(size_t count, size_t size); /* uninitialised; count * size == 0 gives a valid pointer */
void *cn_mem_zalloc(size_t count, size_t size);
void cn_mem_free(void *p);                      /* of cn_mem_alloc or cn_mem_zalloc; NULL is fine */
/* Gives what was freed back to the system, where that can be asked for: after work that needed much for a short time. */
void cn_mem_trim(void);
void cn_mem_wipe(void *p, size_t size);         /* not optimised away; p may be NULL if size is 0 */
void cn_mem_wipe_free(void *p, size_t size);    /* for secrets: wipes, then frees */

#endif
