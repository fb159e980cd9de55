/* Symmetric encryption of masks, BFV form with t = 2^l: c1 = a from a seed, c0 = round(q m / t) - (a s + e).
 * Source:  Fan, Vercauteren, ePrint 2012/144; the rounding of q m / t instead of floor(q / t) m: see noise.h.
 * Differs: both halves travel in NTT form, so that the server transforms nothing: for a a uniform transform is as good, and only
 *          c0 is sent. */
#include "runtime/he/crypt.h"

#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"
#include "runtime/he/keys.h"
#include "runtime/he/sample.h"
#include "runtime/he/scale.h"
#include "runtime/he/wire.h"

#include <string.h>

size_t cn_he_map_bytes(const struct cn_he_params *p, const struct cn_he_map *m)
{
    return CN_HE_SEED_BYTES + m->polys * cn_he_wire_residues_bytes(p);
}

/* Polynomial number i of the map: plain (n) from r (c, h, w). */
static void place(uint64_t *plain, const struct cn_he_map *m, const uint64_t *r, uint32_t i, uint64_t mask)
{
    memset(plain, 0, m->degree * sizeof *plain);
    for (uint32_t c = i * m->per_poly, k = 0; k < m->per_poly && c < m->c; c++, k++)
        for (uint32_t y = 0; y < m->h; y++)
            for (uint32_t x = 0; x < m->w; x++)
                plain[(size_t)k * m->plane + (size_t)y * m->row + x] = r[((size_t)c * m->h + y) * m->w + x] & mask;
}

enum cnas_status cn_he_encrypt_map(unsigned char *out, const struct cn_he_secret *s, const struct cn_he_map *m, const uint64_t *r,
                                   unsigned ring_bits, struct cn_prg *prg)
{
    const struct cn_he_params *p = s->p;
    size_t n = p->n, words = p->primes * n;
    cn_require(m->degree == n);
    struct cn_he_ring ring;
    cn_he_ring_init(&ring, p, ring_bits);
    uint64_t *scratch = cn_mem_alloc(n + 2 * words, sizeof *scratch);
    int64_t *error = cn_mem_alloc(n, sizeof *error);
    if (!scratch || !error) {
        cn_mem_free(scratch);
        cn_mem_free(error);
        return CNAS_E_MEMORY;
    }
    uint64_t *plain = scratch, *c0 = plain + n, *a = c0 + words;
    struct cn_prg seeded;
    cn_prg_bytes(prg, out, CN_HE_SEED_BYTES);
    cn_prg_init(&seeded, out);
    out += CN_HE_SEED_BYTES;
    for (uint32_t i = 0; i < m->polys; i++) {
        cn_he_expand(a, p, &seeded);
        cn_he_sample_error(error, n, prg);
        place(plain, m, r, i, ring.mask);
        for (unsigned j = 0; j < p->primes; j++) { /* c0 = -(a s + (e - round(q m / t))) */
            uint64_t q = p->ntt[j]->mod.q;
            for (size_t k = 0; k < n; k++)
                c0[j * n + k] = cn_he_sub(cn_he_lift(error[k], q), cn_he_encode(plain[k], &ring, p, j), q);
            cn_he_ntt_forward(c0 + j * n, p->ntt[j]);
        }
        cn_he_mask_poly(c0, a, s);
        cn_he_wire_put_residues(out, c0, p);
        out += cn_he_wire_residues_bytes(p);
    }
    cn_mem_wipe_free(scratch, (n + 2 * words) * sizeof *scratch);
    cn_mem_wipe_free(error, n * sizeof *error);
    return CNAS_OK;
}

enum cnas_status cn_he_ciphers_read(struct cn_he_ciphers **out, const struct cn_he_params *p, const struct cn_he_map *m,
                                    const unsigned char *bytes, size_t n_bytes)
{
    *out = NULL;
    cn_require(m->degree == p->n);
    if (n_bytes != cn_he_map_bytes(p, m))
        return CNAS_E_PROTOCOL;
    size_t words = p->primes * p->n;
    struct cn_he_ciphers *c = cn_mem_zalloc(1, sizeof *c);
    if (!c)
        return CNAS_E_MEMORY;
    c->p = p;
    c->map = *m;
    c->c0 = cn_mem_alloc(m->polys, words * sizeof *c->c0);
    c->c1 = cn_mem_alloc(m->polys, words * sizeof *c->c1);
    enum cnas_status status = c->c0 && c->c1 ? CNAS_OK : CNAS_E_MEMORY;
    struct cn_prg seeded;
    cn_prg_init(&seeded, bytes);
    bytes += CN_HE_SEED_BYTES;
    for (uint32_t i = 0; status == CNAS_OK && i < m->polys; i++, bytes += cn_he_wire_residues_bytes(p)) {
        if (cn_he_wire_get_residues(c->c0 + i * words, bytes, p) != 0)
            status = CNAS_E_PROTOCOL;
        cn_he_expand(c->c1 + i * words, p, &seeded);
    }
    if (status == CNAS_OK)
        *out = c;
    else
        cn_he_ciphers_free(&c);
    return status;
}

void cn_he_ciphers_free(struct cn_he_ciphers **c)
{
    if (!*c)
        return;
    cn_mem_free((*c)->c0);
    cn_mem_free((*c)->c1);
    cn_mem_free(*c);
    *c = NULL;
}
