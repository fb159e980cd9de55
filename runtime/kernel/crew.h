/* Threads that share one loop at a time, made for cores that others use too: a core that is taken away between two
 * chunks costs its share of the work and not the time until it comes back; only within a chunk it is waited for.
 *
 * The caller is member 0 and works like the others. Chunks are claimed one by one, so whoever runs takes what is left. Members that
 * are late are not waited for: only chunks that somebody has begun are. Whoever waits watches for a moment, because the loops of a
 * network follow each other within microseconds, and then sleeps, so that the core goes to the one that is waited for. */
#ifndef RUNTIME_KERNEL_CREW_H
#define RUNTIME_KERNEL_CREW_H

#include <stddef.h>

#include <cnas/status.h>

struct cn_kernel_crew;

/* members: the caller included, at least 1. CNAS_E_MEMORY: so many threads cannot be started. */
CNAS_CHECKED enum cnas_status cn_kernel_crew_new(struct cn_kernel_crew **, unsigned members);
void cn_kernel_crew_free(struct cn_kernel_crew **); /* NULL *crew is fine */
unsigned cn_kernel_crew_members(const struct cn_kernel_crew *);

/* body(job, chunk, member) for chunk = 0 .. chunks-1, each once, in any order and by any member; back when all are done. One loop at
 * a time: neither a chunk nor another thread may start one meanwhile. */
void cn_kernel_crew_run(struct cn_kernel_crew *, size_t chunks, void (*body)(void *job, size_t chunk, unsigned member), void *job);

#endif
