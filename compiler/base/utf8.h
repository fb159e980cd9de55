/* Bytes that may or may not be UTF-8. */
#ifndef COMPILER_BASE_UTF8_H
#define COMPILER_BASE_UTF8_H

#include <stddef.h>

/* The length of the well-formed code point at s, or 0 (Unicode 15, table 3-7). Reads up to the first byte that does not fit, so what ends
 * in a NUL is enough. */
size_t utf8_length(const unsigned char *s);

#endif
