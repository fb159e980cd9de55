/* Statuses and their texts. */
#include "runtime/base/error.h"

#include <stdarg.h>
#include <stdio.h>

enum cnas_status cn_error(struct cnas_error *err, enum cnas_status status, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        err->status = status;
        vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
    }
    return status;
}

const char *cnas_status_text(enum cnas_status status)
{
    static const char *const text[] = {
        [CNAS_OK] = "done",
        [CNAS_E_MEMORY] = "out of memory",
        [CNAS_E_IO] = "a file could not be read or written",
        [CNAS_E_FORMAT] = "a file is malformed or truncated",
        [CNAS_E_MISMATCH] = "a file or a peer belongs to another network",
        [CNAS_E_RANGE] = "a value is outside the allowed range",
        [CNAS_E_CONNECT] = "no connection could be made",
        [CNAS_E_CLOSED] = "the peer hung up",
        [CNAS_E_TIMEOUT] = "the peer did not answer in time",
        [CNAS_E_AUTH] = "authentication failed",
        [CNAS_E_PROTOCOL] = "the peer broke the protocol",
        [CNAS_E_DIVERGED] = "training went to numbers that are not finite",
        [CNAS_E_BUSY] = "somebody else is using it",
    };
    _Static_assert(sizeof text / sizeof *text == CNAS_E_STATUS_COUNT, "a text for every status");
    return (unsigned)status < CNAS_E_STATUS_COUNT ? text[status] : "unknown status";
}
