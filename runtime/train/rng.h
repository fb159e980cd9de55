/* Random numbers for training (not for secrets): SplitMix64 streams named by what they are for, so that what is drawn for one
 * sample does not depend on what was drawn for another, nor on threads. Source: as runtime/kernel/mix.h. */
#ifndef RUNTIME_TRAIN_RNG_H
#define RUNTIME_TRAIN_RNG_H

#include <stdint.h>

enum cn_train_use {
    CN_TRAIN_INIT = 1,  /* a: parameter */
    CN_TRAIN_SHUFFLE,   /* a: epoch */
    CN_TRAIN_AUGMENT,   /* a: epoch, b: sample */
    CN_TRAIN_DROPOUT,   /* a: epoch, b: step */
    CN_TRAIN_SPLIT,     /* a: sample */
    CN_TRAIN_PHASE      /* of alternating mirror images; a: sample */
};

struct cn_train_rng {
    uint64_t counter;
};

struct cn_train_rng cn_train_rng_make(uint64_t seed, enum cn_train_use use, uint64_t a, uint64_t b);
uint64_t cn_train_rng_u64(struct cn_train_rng *r);
uint32_t cn_train_rng_below(struct cn_train_rng *r, uint32_t n); /* uniform in 0 .. n-1, n > 0 */
/* Two independent standard normal numbers. Source: Marsaglia & Bray 1964 (polar method). */
void cn_train_rng_normal2(struct cn_train_rng *r, double out[2]);

#endif
