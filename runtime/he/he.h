/* Additively homomorphic RLWE encryption (BFV form, plaintext modulus 2^l) of masks, and their convolution with the server's
 * integer weights, by coefficient encoding without rotations (Cheetah, USENIX Security 2022, section 3).
 * This room does no input or output: it turns masks into bytes, bytes into bytes, bytes into shares. All bytes from the peer
 * are checked. Nothing here branches or indexes on a secret. */
#ifndef RUNTIME_HE_HE_H
#define RUNTIME_HE_HE_H

#include "runtime/prg/prg.h"

#include <cnas/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- parameters: a fixed table, chosen by the noise that a network needs --- */
struct cn_he_params; /* degree, primes, precomputed NTT tables; constant, shared, made once (thread-safe) */

struct cn_he_need {
    unsigned ring_bits;    /* l: plaintext modulus 2^l */
    unsigned weight_bits;  /* |w| < 2^(weight_bits-1) */
    uint64_t max_taps;     /* most weights that meet in one output value, over all terms of one reply: sum of C*KH*KW */
    uint64_t reply_values; /* coefficients of all replies of one inference: enters the statistical flooding margin */
    uint64_t max_plane;    /* largest (h+gap)*(w+gap) of a source map: it must fit the degree; 0: not asked */
};
/* Sets 1 to 4, in order of cost. The smallest whose budget holds: fresh noise * weights + flooding (>= 40 bits below the bound per inference, union over
 * reply_values) + plaintext + modulus-switching error < q/2^(l+1). NULL and *why when none does. */
const struct cn_he_params *cn_he_params_pick(const struct cn_he_need *need, const char **why);
unsigned cn_he_params_id(const struct cn_he_params *p);
const struct cn_he_params *cn_he_params_by_id(unsigned id); /* NULL: unknown */
size_t cn_he_degree(const struct cn_he_params *p);

/* --- keys: the client's --- */
struct cn_he_secret;
CNAS_CHECKED enum cnas_status cn_he_keygen(struct cn_he_secret **out, const struct cn_he_params *p, struct cn_prg *prg);
void cn_he_secret_free(struct cn_he_secret **s); /* wipes */
/* Public key (seed and b, made with the secret), with which the server re-randomises: always this many bytes. */
size_t cn_he_public_bytes(const struct cn_he_params *p);
void cn_he_public_write(unsigned char *out, const struct cn_he_secret *s);
struct cn_he_public;
CNAS_CHECKED enum cnas_status cn_he_public_read(struct cn_he_public **out, const struct cn_he_params *p, const unsigned char *bytes);
void cn_he_public_free(struct cn_he_public **k);

/* --- layout of one source map (C, H, W), shared by every term that reads it --- */
struct cn_he_map {
    uint32_t c, h, w;
    uint32_t row, plane;    /* coefficients from row to row (w + gap), from channel to channel (row * (h + gap)) */
    uint32_t per_poly;      /* channels in one polynomial */
    uint32_t polys;
    uint32_t degree;        /* N */
    uint32_t block, blocks; /* an output channel takes block = per_poly * plane coefficients; so many outputs share a polynomial */
};
/* gap: zero rows and columns so that every consumer's kernel that hangs over the border reads zeros: the largest cn_he_term_gap of
 * the consumers. CNAS_E_RANGE: one channel does not fit the degree. */
CNAS_CHECKED enum cnas_status cn_he_map_init(struct cn_he_map *m, const struct cn_he_params *p, uint32_t c, uint32_t h, uint32_t w,
                                             uint32_t gap);
size_t cn_he_map_bytes(const struct cn_he_params *p, const struct cn_he_map *m); /* of the encrypted map */
/* Client: seeded symmetric encryption of r (c*h*w values mod 2^l). */
CNAS_CHECKED enum cnas_status cn_he_encrypt_map(unsigned char *out, const struct cn_he_secret *s, const struct cn_he_map *m,
                                                const uint64_t *r, unsigned ring_bits, struct cn_prg *prg);
struct cn_he_ciphers; /* the server's view of one encrypted map, in NTT form */
CNAS_CHECKED enum cnas_status cn_he_ciphers_read(struct cn_he_ciphers **out, const struct cn_he_params *p, const struct cn_he_map *m,
                                                 const unsigned char *bytes, size_t n_bytes); /* CNAS_E_PROTOCOL: malformed */
void cn_he_ciphers_free(struct cn_he_ciphers **c);

/* --- a term: convolution of a source map with weights (K, C, KH, KW), as <cnas/model.h> defines it --- */
struct cn_he_term_shape {
    struct cn_he_map map;
    uint32_t k, oh, ow, kh, kw, stride;
    int32_t pad_y, pad_x;
};
/* The gap that this term needs of its source map (h, w); t->map is not read. */
uint32_t cn_he_term_gap(uint32_t h, uint32_t w, const struct cn_he_term_shape *t);
struct cn_he_weights; /* encoded, in NTT form; the server makes them once. Memory: about 8 primes * K * C * plane bytes */
CNAS_CHECKED enum cnas_status cn_he_weights_new(struct cn_he_weights **out, const struct cn_he_params *p,
                                                const struct cn_he_term_shape *t, const int32_t *w);
void cn_he_weights_free(struct cn_he_weights **w); /* wipes */

/* --- a reply: sum over terms with the same output layout, minus the server's share, re-randomised and flooded --- */
/* Terms may share one reply if this is true of them (same degree, k, oh, ow, stride, row, block: all that places an output). */
bool cn_he_same_reply(const struct cn_he_term_shape *a, const struct cn_he_term_shape *b);
size_t cn_he_reply_bytes(const struct cn_he_params *p, const struct cn_he_term_shape *t, unsigned ring_bits);
/* Server: out encrypts sum_t W_t r_t - share, share: k*oh*ow values mod 2^l. `need` is what the parameters were picked for: terms
 * beyond it abort, and so do two terms with one source, which the noise bound does not cover. CNAS_E_RANGE: a weight is not below
 * 2^(weight_bits-1), which the flooding relies on. */
CNAS_CHECKED enum cnas_status cn_he_reply(unsigned char *out, const struct cn_he_params *p, const struct cn_he_public *key,
                                          const struct cn_he_term_shape *const *shapes, const struct cn_he_weights *const *weights,
                                          const struct cn_he_ciphers *const *ciphers, size_t n_terms, const uint64_t *share,
                                          const struct cn_he_need *need, struct cn_prg *prg);
/* Client: k*oh*ow values mod 2^l. CNAS_E_PROTOCOL: malformed bytes. */
CNAS_CHECKED enum cnas_status cn_he_reply_open(uint64_t *out, const struct cn_he_secret *s, const struct cn_he_term_shape *t,
                                               const unsigned char *bytes, size_t n_bytes, unsigned ring_bits);

#endif
