/* Where things lie in polynomials. See layout.c for why no product lands where it must not. */
#ifndef RUNTIME_HE_LAYOUT_H
#define RUNTIME_HE_LAYOUT_H

#include "runtime/he/he.h"

/* Polynomials in a reply: output k is block k % blocks of polynomial k / blocks. */
static inline uint32_t cn_he_term_groups(const struct cn_he_term_shape *t)
{
    return (t->k + t->map.blocks - 1) / t->map.blocks;
}

/* Output channels in group g. */
static inline uint32_t cn_he_group_outputs(const struct cn_he_term_shape *t, uint32_t g)
{
    uint32_t left = t->k - g * t->map.blocks;
    return left < t->map.blocks ? left : t->map.blocks;
}

/* The coefficient of output (kk, i, j) of a group. */
static inline size_t cn_he_output_at(const struct cn_he_term_shape *t, uint32_t kk, uint32_t i, uint32_t j)
{
    return (size_t)kk * t->map.block + ((size_t)i * t->map.row + j) * t->stride;
}

/* Whether tap a of a kernel axis reads an element 0..size-1 for some output: outputs read out * stride + a - pad. */
bool cn_he_tap_used(uint32_t size, uint32_t outs, uint32_t stride, int32_t pad, uint32_t a);

/* Broken contracts abort: empty shapes, a map whose gap is too small for the term. */
void cn_he_term_check(const struct cn_he_term_shape *t);

#endif
