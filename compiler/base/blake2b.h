/* BLAKE2b with a 256-bit result, unkeyed: fingerprints of plans and sources. Not for secrets. */
#ifndef COMPILER_BASE_BLAKE2B_H
#define COMPILER_BASE_BLAKE2B_H

#include <stddef.h>

enum { BLAKE2B_BYTES = 32, BLAKE2B_HEX = 2 * BLAKE2B_BYTES + 1 };

void blake2b(unsigned char out[BLAKE2B_BYTES], const void *bytes, size_t n);
void blake2b_hex(char out[BLAKE2B_HEX], const void *bytes, size_t n); /* lower case, NUL-terminated */

#endif
