/* OpenBLAS: calls, and what it chose for this machine. */
#include "runtime/kernel/blas.h"

#include <cblas.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include <cnas/kernel.h>

#include "runtime/base/misuse.h"

/* Our threads run whole chunks; OpenBLAS starting its own below them would only oversubscribe the cores. */
void cn_kernel_blas_init(void)
{
    openblas_set_num_threads(1);
}

void cn_kernel_gemm(int trans_a, int trans_b, size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b, size_t ldb,
                    float beta, float *c, size_t ldc)
{
    cn_require(m <= INT_MAX && n <= INT_MAX && k <= INT_MAX && lda <= INT_MAX && ldb <= INT_MAX && ldc <= INT_MAX);
    cblas_sgemm(CblasRowMajor, trans_a ? CblasTrans : CblasNoTrans, trans_b ? CblasTrans : CblasNoTrans, (int)m, (int)n, (int)k,
                1.0f, a, (int)lda, b, (int)ldb, beta, c, (int)ldc);
}

const char *cnas_blas_core(void)
{
    return openblas_get_corename();
}

enum vector_unit { UNIT_SSE, UNIT_AVX, UNIT_AVX2, UNIT_AVX512 };

/* OpenBLAS's x86-64 targets (cpuid_x86.c of 0.3.21) and the vector unit their sgemm uses. */
static const struct core {
    const char *name;
    enum vector_unit unit;
} cores[] = {
    {"Prescott", UNIT_SSE},      {"Core2", UNIT_SSE},       {"Penryn", UNIT_SSE},       {"Dunnington", UNIT_SSE},
    {"Atom", UNIT_SSE},          {"Nehalem", UNIT_SSE},     {"Nano", UNIT_SSE},         {"Athlon", UNIT_SSE},
    {"Katmai", UNIT_SSE},        {"Coppermine", UNIT_SSE},  {"Northwood", UNIT_SSE},    {"Banias", UNIT_SSE},
    {"Opteron", UNIT_SSE},       {"Opteron_SSE3", UNIT_SSE}, {"Barcelona", UNIT_SSE},   {"Bobcat", UNIT_SSE},
    {"Sandybridge", UNIT_AVX},   {"Bulldozer", UNIT_AVX},   {"Piledriver", UNIT_AVX},   {"Steamroller", UNIT_AVX},
    {"Excavator", UNIT_AVX2},    {"Haswell", UNIT_AVX2},    {"Zen", UNIT_AVX2},         {"SkylakeX", UNIT_AVX512},
    {"Cooperlake", UNIT_AVX512}, {"SapphireRapids", UNIT_AVX512},
};
static const char *const unit_name[] = {"SSE", "AVX", "AVX2", "AVX-512"};

static enum vector_unit cpu_unit(void)
{
#if defined __x86_64__ || defined __i386__
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl"))
        return UNIT_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return UNIT_AVX2;
    if (__builtin_cpu_supports("avx"))
        return UNIT_AVX;
#endif
    return UNIT_SSE;
}

int cnas_blas_core_is_slow(char *advice, size_t n)
{
    const char *forced = getenv("OPENBLAS_CORETYPE"), *core = cnas_blas_core();
    if (n)
        *advice = '\0';
    if (!forced || !*forced)
        return 0;
    for (size_t i = 0; i < sizeof cores / sizeof *cores; i++)
        if (!strcasecmp(core, cores[i].name) && cores[i].unit < cpu_unit()) {
            snprintf(advice, n,
                     "OPENBLAS_CORETYPE=%s forces the %s kernels (%s) of OpenBLAS, but this CPU has %s: run with "
                     "OPENBLAS_CORETYPE unset",
                     forced, core, unit_name[cores[i].unit], unit_name[cpu_unit()]);
            return 1;
        }
    return 0;
}
