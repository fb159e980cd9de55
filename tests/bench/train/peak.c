/* What the cores can do at most: a loop of fused multiply-adds of the widest vectors at hand, and one of bfloat16's dot products where the
 * processor has them, on registers alone, by as many threads at once as the training has. Every thread counts its own CPU time, so that what
 * others take of the machine does not look like a lower peak; the best of some short runs counts. Prints one JSON object, GFLOP/s; 0: not
 * known here.
 * usage: peak THREADS */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CHAINS = 12, TURNS = 1 << 21, RUNS = 12, MOST = 64 }; /* more chains than an instruction's latency times the units */

#if defined __x86_64__
#define ZERO(r) "vpxor " r ", " r ", " r "\n\t"
#define ALL(one) one("0") one("1") one("2") one("3") one("4") one("5") one("6") one("7") one("8") one("9") one("10") one("11")
#define ZERO_ALL(i) ZERO("%%xmm" i)
#define FMA_512(i) "vfmadd231ps %%zmm12, %%zmm12, %%zmm" i "\n\t"
#define FMA_256(i) "vfmadd231ps %%ymm12, %%ymm12, %%ymm" i "\n\t"
#define DOT_512(i) "vdpbf16ps %%zmm12, %%zmm12, %%zmm" i "\n\t"
#define LOOP(name, one)                                                                                                            \
    static void name(void)                                                                                                         \
    {                                                                                                                              \
        uint64_t turns = TURNS;                                                                                                    \
        __asm__ volatile(ALL(ZERO_ALL) ZERO("%%xmm12") "1:\n\t" ALL(one) "dec %0\n\tjnz 1b\n\tvzeroupper"                          \
                         : "+r"(turns)                                                                                             \
                         :                                                                                                         \
                         : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", \
                           "xmm12");                                                                                               \
    }
LOOP(fma_512, FMA_512)
LOOP(fma_256, FMA_256)
LOOP(dot_512, DOT_512)
#endif

struct worker {
    void (*loop)(void);
    double best_s;
    pthread_t thread;
};

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *work(void *argument)
{
    struct worker *w = argument;
    for (int run = 0; run < RUNS; run++) {
        const double before = cpu_s();
        w->loop();
        const double spent = cpu_s() - before;
        if (!run || spent < w->best_s)
            w->best_s = spent;
    }
    return NULL;
}

/* flop: of one instruction */
static double rate(void (*loop)(void), double flop, int threads)
{
    struct worker workers[MOST];
    double sum = 0;
    for (int i = 0; i < threads; i++) {
        workers[i].loop = loop;
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
            exit(1);
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        sum += flop * CHAINS * TURNS / workers[i].best_s;
    }
    return 1e-9 * sum;
}

int main(int argc, char **argv)
{
    const int threads = argc == 2 ? atoi(argv[1]) : 0;
    double f32 = 0, bf16 = 0;
    if (threads < 1 || threads > MOST)
        return fputs("usage: peak THREADS\n", stderr), 2;
#if defined __x86_64__
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f"))
        f32 = rate(fma_512, 2 * 16, threads);
    else if (__builtin_cpu_supports("fma"))
        f32 = rate(fma_256, 2 * 8, threads);
    if (__builtin_cpu_supports("avx512bf16"))
        bf16 = rate(dot_512, 2 * 32, threads);
#endif
    printf("{\"f32\": %.1f, \"bf16\": %.1f}\n", f32, bf16);
}
