/* Key generation: s ternary; public key an encryption of zero, seeded. */
#include "runtime/he/keys.h"

#include "runtime/base/mem.h"
#include "runtime/he/sample.h"
#include "runtime/he/wire.h"

#include <string.h>

void cn_he_small_to_ntt(uint64_t *out, const int64_t *x, const struct cn_he_params *p)
{
    for (unsigned i = 0; i < p->primes; i++) {
        uint64_t *y = out + i * p->n, q = p->ntt[i]->mod.q;
        for (size_t k = 0; k < p->n; k++)
            y[k] = cn_he_lift(x[k], q);
        cn_he_ntt_forward(y, p->ntt[i]);
    }
}

void cn_he_expand(uint64_t *a, const struct cn_he_params *p, struct cn_prg *seeded)
{
    for (unsigned i = 0; i < p->primes; i++) /* uniform values are a uniform polynomial's transform: no NTT needed */
        cn_he_sample_uniform(a + i * p->n, p->n, &p->ntt[i]->mod, seeded);
}

/* seed, and b = -(a s + e). scratch: 2 * primes * n words. */
static void make_public(struct cn_he_secret *s, int64_t *small, uint64_t *scratch, struct cn_prg *prg)
{
    const struct cn_he_params *p = s->p;
    uint64_t *b = scratch, *a = scratch + p->primes * p->n;
    struct cn_prg seeded;
    cn_prg_bytes(prg, s->public_key, CN_HE_SEED_BYTES);
    cn_prg_init(&seeded, s->public_key);
    cn_he_expand(a, p, &seeded);
    cn_he_sample_error(small, p->n, prg);
    cn_he_small_to_ntt(b, small, p);
    cn_he_mask_poly(b, a, s);
    cn_he_wire_put_residues(s->public_key + CN_HE_SEED_BYTES, b, p);
}

void cn_he_mask_poly(uint64_t *x, const uint64_t *a, const struct cn_he_secret *s)
{
    const struct cn_he_params *p = s->p;
    for (unsigned i = 0; i < p->primes; i++) {
        const struct cn_he_mod *m = &p->ntt[i]->mod;
        for (size_t k = i * p->n; k < (i + 1) * p->n; k++)
            x[k] = cn_he_sub(0, cn_he_add(x[k], cn_he_mul(a[k], s->s[k], m), m->q), m->q);
    }
}

enum cnas_status cn_he_keygen(struct cn_he_secret **out, const struct cn_he_params *p, struct cn_prg *prg)
{
    *out = NULL;
    size_t words = p->primes * p->n;
    struct cn_he_secret *s = cn_mem_zalloc(1, sizeof *s);
    int64_t *small = cn_mem_alloc(p->n, sizeof *small);
    uint64_t *scratch = cn_mem_alloc(2 * words, sizeof *scratch);
    if (s) {
        s->p = p;
        s->s = cn_mem_zalloc(words, sizeof *s->s);
        s->public_key = cn_mem_alloc(cn_he_public_bytes(p), 1);
    }
    enum cnas_status status = s && small && scratch && s->s && s->public_key ? CNAS_OK : CNAS_E_MEMORY;
    if (status == CNAS_OK) {
        cn_he_sample_ternary(small, p->n, prg);
        cn_he_small_to_ntt(s->s, small, p);
        make_public(s, small, scratch, prg);
        *out = s;
    } else {
        cn_he_secret_free(&s);
    }
    cn_mem_wipe_free(small, p->n * sizeof *small);
    cn_mem_wipe_free(scratch, 2 * words * sizeof *scratch);
    return status;
}

void cn_he_secret_free(struct cn_he_secret **s)
{
    if (!*s)
        return;
    cn_mem_wipe_free((*s)->s, (*s)->p->primes * (*s)->p->n * sizeof *(*s)->s);
    cn_mem_free((*s)->public_key);
    cn_mem_free(*s);
    *s = NULL;
}

void cn_he_public_write(unsigned char *out, const struct cn_he_secret *s)
{
    memcpy(out, s->public_key, cn_he_public_bytes(s->p));
}

size_t cn_he_public_bytes(const struct cn_he_params *p)
{
    return CN_HE_SEED_BYTES + cn_he_wire_residues_bytes(p);
}

enum cnas_status cn_he_public_read(struct cn_he_public **out, const struct cn_he_params *p, const unsigned char *bytes)
{
    *out = NULL;
    size_t words = p->primes * p->n;
    struct cn_he_public *k = cn_mem_zalloc(1, sizeof *k);
    if (!k)
        return CNAS_E_MEMORY;
    k->p = p;
    k->b = cn_mem_alloc(words, sizeof *k->b);
    k->a = cn_mem_alloc(words, sizeof *k->a);
    enum cnas_status status = k->b && k->a ? CNAS_OK : CNAS_E_MEMORY;
    if (status == CNAS_OK && cn_he_wire_get_residues(k->b, bytes + CN_HE_SEED_BYTES, p) != 0)
        status = CNAS_E_PROTOCOL;
    if (status != CNAS_OK) {
        cn_he_public_free(&k);
        return status;
    }
    struct cn_prg seeded;
    cn_prg_init(&seeded, bytes);
    cn_he_expand(k->a, p, &seeded);
    *out = k;
    return CNAS_OK;
}

void cn_he_public_free(struct cn_he_public **k)
{
    if (!*k)
        return;
    cn_mem_free((*k)->b);
    cn_mem_free((*k)->a);
    cn_mem_free(*k);
    *k = NULL;
}
