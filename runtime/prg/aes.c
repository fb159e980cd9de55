/* Which AES to use, and counter mode. */
#include "runtime/prg/aes.h"

#include "runtime/base/misuse.h"
#include "runtime/prg/aes_impl.h"

#ifdef CN_AES_X86
#include <cpuid.h>
#endif
#include <stdatomic.h>

static _Atomic(const struct cn_aes_ops *) chosen;

#ifdef CN_AES_X86
/* CPUID leaf 7, ECX bit 9: a name that clang's __builtin_cpu_supports does not know before 15. */
static bool has_vaes(void)
{
    unsigned eax, ebx, ecx, edx;
    return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ecx >> 9 & 1);
}
#endif

bool cn_aes_supported(enum cn_aes_kind kind)
{
    switch (kind) {
    case CN_AES_PORTABLE:
        return true;
#ifdef CN_AES_X86
    case CN_AES_NI:
        return __builtin_cpu_supports("aes") && __builtin_cpu_supports("avx");
    case CN_AES_VAES:
        return has_vaes() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#endif
    default:
        return false;
    }
}

const struct cn_aes_ops *cn_aes_ops(enum cn_aes_kind kind)
{
    cn_require(cn_aes_supported(kind));
    switch (kind) {
#ifdef CN_AES_X86
    case CN_AES_NI:
        return &cn_aes_ni;
    case CN_AES_VAES:
        return &cn_aes_vaes;
#endif
    default:
        return &cn_aes_portable;
    }
}

const struct cn_aes_ops *cn_aes(void)
{
    const struct cn_aes_ops *ops = atomic_load_explicit(&chosen, memory_order_acquire);
    if (ops)
        return ops;
    enum cn_aes_kind kind = CN_AES_KINDS - 1;
    while (!cn_aes_supported(kind))
        kind--;
    cn_aes_use(kind); /* two threads may both get here: they store the same */
    return cn_aes_ops(kind);
}

void cn_aes_use(enum cn_aes_kind kind)
{
    atomic_store_explicit(&chosen, cn_aes_ops(kind), memory_order_release);
}

void cn_aes_stream(struct cn_aes_stream *s, cn_block *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (cn_block){{s->next + i, 0}};
    cn_aes()->encrypt(out, out, s->key, n);
    s->next += n;
}
