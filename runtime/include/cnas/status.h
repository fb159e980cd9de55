/* What a call that can fail returns. The library never prints and never exits.
 * A broken contract (NULL where none is allowed, a call in the wrong order) is not a status: it aborts with file and line. */
#ifndef CNAS_STATUS_H
#define CNAS_STATUS_H

enum cnas_status {
    CNAS_OK = 0,
    CNAS_E_MEMORY,   /* no memory */
    CNAS_E_IO,       /* a file could not be read or written */
    CNAS_E_FORMAT,   /* a file is malformed or truncated */
    CNAS_E_MISMATCH, /* a well-formed file or a peer that belongs to another network */
    CNAS_E_RANGE,    /* a value outside what the network or the parameters allow */
    CNAS_E_CONNECT,  /* no connection could be made */
    CNAS_E_CLOSED,   /* the peer hung up */
    CNAS_E_TIMEOUT,  /* the peer did not answer within the deadline */
    CNAS_E_AUTH,     /* the handshake failed: wrong key, or bytes were altered on the way */
    CNAS_E_PROTOCOL, /* the peer sent something that the protocol does not allow */
    CNAS_E_DIVERGED, /* training went to numbers that are not finite */
    CNAS_E_BUSY,     /* somebody else is using what is wanted for oneself */
    CNAS_E_STATUS_COUNT
};

/* What went wrong, in words a user can act on; filled by the call that fails first. */
struct cnas_error {
    enum cnas_status status;
    char text[320]; /* one sentence, no newline, NUL-terminated */
};

#define CNAS_CHECKED __attribute__((warn_unused_result))

/* In a function that returns a status: returns at the first call that fails. */
#define CNAS_TRY(call)                              \
    do {                                            \
        const enum cnas_status cnas_try_ = (call);  \
        if (cnas_try_ != CNAS_OK)                   \
            return cnas_try_;                       \
    } while (0)

/* A constant sentence for each status; "unknown status" for other values. Thread-safe. */
const char *cnas_status_text(enum cnas_status status);

#endif
