/* Polynomials as bytes: packed to the bit, each section starts on a byte, unused bits are zero, values are canonical. */
#ifndef RUNTIME_HE_WIRE_H
#define RUNTIME_HE_WIRE_H

#include "runtime/he/params.h"

size_t cn_he_wire_residues_bytes(const struct cn_he_params *p); /* one polynomial modulo all primes */
/* x: primes * n residues, prime by prime. */
void cn_he_wire_put_residues(unsigned char *out, const uint64_t *x, const struct cn_he_params *p);
int cn_he_wire_get_residues(uint64_t *x, const unsigned char *in, const struct cn_he_params *p); /* -1: not canonical */

/* n values of `bits` bits, up to 128: the low 64 bits of all, then what is above. scratch: n words. */
size_t cn_he_wire_wide_bytes(size_t n, unsigned bits);
void cn_he_wire_put_wide(unsigned char *out, const unsigned __int128 *x, size_t n, unsigned bits, uint64_t *scratch);
int cn_he_wire_get_wide(unsigned __int128 *x, const unsigned char *in, size_t n, unsigned bits, uint64_t *scratch);

#endif
