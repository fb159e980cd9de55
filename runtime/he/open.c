/* The client opens a reply: c0 / 2^k0 + (c1 s) / 2^k1 modulo 1, rounded to l bits.
 * c1 s is taken over the integers: c1 is cut into limbs so narrow that a limb's product with ternary s, N 2^width at most, stays
 * below q_0 / 2 and one prime's NTT is exact. */
#include "runtime/he/he.h"

#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"
#include "runtime/he/keys.h"
#include "runtime/he/layout.h"
#include "runtime/he/noise.h"
#include "runtime/he/wire.h"

/* sum (n) = c1 s modulo 2^128. limb: n words of scratch. */
static void times_secret(unsigned __int128 *sum, const unsigned __int128 *c1, const struct cn_he_secret *s, unsigned bits,
                         uint64_t *limb)
{
    const struct cn_he_ntt *t = s->p->ntt[0];
    unsigned width = t->mod.bits - 2 - t->log_n; /* q_0 / 2 > 2^(bits - 2) */
    for (size_t k = 0; k < t->n; k++)
        sum[k] = 0;
    for (unsigned shift = 0; shift < bits; shift += width) {
        for (size_t k = 0; k < t->n; k++)
            limb[k] = (uint64_t)(c1[k] >> shift) & ((UINT64_C(1) << width) - 1);
        cn_he_ntt_forward(limb, t);
        for (size_t k = 0; k < t->n; k++)
            limb[k] = cn_he_mul(limb[k], s->s[k], &t->mod);
        cn_he_ntt_inverse(limb, t);
        for (size_t k = 0; k < t->n; k++) {
            uint64_t above = 0 - ((t->mod.q / 2 - limb[k]) >> 63); /* all ones where the centred value is negative */
            __int128 centred = (__int128)limb[k] - (__int128)(t->mod.q & above);
            sum[k] += (unsigned __int128)centred << shift;
        }
    }
}

enum cnas_status cn_he_reply_open(uint64_t *out, const struct cn_he_secret *s, const struct cn_he_term_shape *t,
                                  const unsigned char *bytes, size_t n_bytes, unsigned ring_bits)
{
    const struct cn_he_params *p = s->p;
    size_t n = p->n;
    cn_require(t->map.degree == n && ring_bits >= 1 && ring_bits <= 60);
    if (n_bytes != cn_he_reply_bytes(p, t, ring_bits))
        return CNAS_E_PROTOCOL;
    size_t size = n * (2 * sizeof(unsigned __int128) + sizeof(uint64_t));
    unsigned __int128 *c = cn_mem_alloc(size, 1);
    if (!c)
        return CNAS_E_MEMORY;
    unsigned __int128 *product = c + n;
    uint64_t *scratch = (uint64_t *)(product + n), *first = out;
    unsigned k1 = cn_he_c1_bits(p, ring_bits), k0 = cn_he_c0_bits(ring_bits);
    const uint64_t mask = (UINT64_C(1) << ring_bits) - 1;
    const unsigned __int128 half = (unsigned __int128)1 << (k1 - ring_bits - 1);
    enum cnas_status status = CNAS_OK;
    for (uint32_t g = 0; status == CNAS_OK && g < cn_he_term_groups(t); g++) {
        uint32_t outputs = cn_he_group_outputs(t, g);
        size_t values = (size_t)outputs * t->oh * t->ow, at = 0;
        if (cn_he_wire_get_wide(c, bytes, n, k1, scratch) != 0)
            status = CNAS_E_PROTOCOL;
        bytes += cn_he_wire_wide_bytes(n, k1);
        times_secret(product, c, s, k1, scratch);
        if (cn_he_wire_get_wide(c, bytes, values, k0, scratch) != 0)
            status = CNAS_E_PROTOCOL;
        bytes += cn_he_wire_wide_bytes(values, k0);
        for (uint32_t o = 0; o < outputs; o++)
            for (uint32_t i = 0; i < t->oh; i++)
                for (uint32_t j = 0; j < t->ow; j++, at++) {
                    unsigned __int128 v = (c[at] << (k1 - k0)) + product[cn_he_output_at(t, o, i, j)];
                    *out++ = (uint64_t)((v + half) >> (k1 - ring_bits)) & mask;
                }
    }
    if (status != CNAS_OK)
        cn_mem_wipe(first, (size_t)t->k * t->oh * t->ow * sizeof *first);
    cn_mem_wipe_free(c, size);
    return status;
}
