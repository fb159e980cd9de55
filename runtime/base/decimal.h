/* Numbers as text in files: with a point, whatever LC_NUMERIC the program around the library has set. */
#ifndef RUNTIME_BASE_DECIMAL_H
#define RUNTIME_BASE_DECIMAL_H

enum { CN_DECIMAL = 32 };

/* x as printf's %.*g writes it with so many digits, at most 17. */
void cn_decimal(char out[CN_DECIMAL], double x, int digits);
/* As strtod. */
double cn_decimal_read(const char *text, char **end);

#endif
