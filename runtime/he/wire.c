/* Packing and checked unpacking. What is checked is public: it came over the wire. */
#include "runtime/he/wire.h"

#include "runtime/base/bytes.h"

size_t cn_he_wire_residues_bytes(const struct cn_he_params *p)
{
    size_t sum = 0;
    for (unsigned i = 0; i < p->primes; i++)
        sum += cn_packed_size(p->n, p->ntt[i]->mod.bits);
    return sum;
}

void cn_he_wire_put_residues(unsigned char *out, const uint64_t *x, const struct cn_he_params *p)
{
    for (unsigned i = 0; i < p->primes; i++) {
        cn_pack_bits(out, x + i * p->n, p->n, p->ntt[i]->mod.bits);
        out += cn_packed_size(p->n, p->ntt[i]->mod.bits);
    }
}

int cn_he_wire_get_residues(uint64_t *x, const unsigned char *in, const struct cn_he_params *p)
{
    for (unsigned i = 0; i < p->primes; i++) {
        const struct cn_he_mod *m = &p->ntt[i]->mod;
        uint64_t *y = x + i * p->n;
        if (cn_unpack_bits(y, in, p->n, m->bits) != 0)
            return -1;
        in += cn_packed_size(p->n, m->bits);
        for (size_t k = 0; k < p->n; k++)
            if (y[k] >= m->q)
                return -1;
    }
    return 0;
}

static unsigned low_bits(unsigned bits)
{
    return bits < 64 ? bits : 64;
}

size_t cn_he_wire_wide_bytes(size_t n, unsigned bits)
{
    return cn_packed_size(n, low_bits(bits)) + (bits > 64 ? cn_packed_size(n, bits - 64) : 0);
}

void cn_he_wire_put_wide(unsigned char *out, const unsigned __int128 *x, size_t n, unsigned bits, uint64_t *scratch)
{
    for (size_t i = 0; i < n; i++)
        scratch[i] = (uint64_t)x[i];
    cn_pack_bits(out, scratch, n, low_bits(bits));
    if (bits <= 64)
        return;
    for (size_t i = 0; i < n; i++)
        scratch[i] = (uint64_t)(x[i] >> 64);
    cn_pack_bits(out + cn_packed_size(n, 64), scratch, n, bits - 64);
}

int cn_he_wire_get_wide(unsigned __int128 *x, const unsigned char *in, size_t n, unsigned bits, uint64_t *scratch)
{
    if (cn_unpack_bits(scratch, in, n, low_bits(bits)) != 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        x[i] = scratch[i];
    if (bits <= 64)
        return 0;
    if (cn_unpack_bits(scratch, in + cn_packed_size(n, 64), n, bits - 64) != 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        x[i] |= (unsigned __int128)scratch[i] << 64;
    return 0;
}
