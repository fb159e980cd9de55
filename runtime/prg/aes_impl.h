/* The implementations behind aes.h. */
#ifndef RUNTIME_PRG_AES_IMPL_H
#define RUNTIME_PRG_AES_IMPL_H

#include "runtime/prg/aes.h"

#if defined(__x86_64__)
#define CN_AES_X86 1
#endif

extern const struct cn_aes_ops cn_aes_portable;
#ifdef CN_AES_X86
extern const struct cn_aes_ops cn_aes_ni;
extern const struct cn_aes_ops cn_aes_vaes;
#endif

#endif
