/* Filling struct cnas_error. err may be NULL. Returns the status, so that callers write: return cn_error(err, CNAS_E_IO, "..."). */
#ifndef RUNTIME_BASE_ERROR_H
#define RUNTIME_BASE_ERROR_H

#include <cnas/status.h>

enum cnas_status cn_error(struct cnas_error *err, enum cnas_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
