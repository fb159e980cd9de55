/* The encrypted and authenticated channel: a handshake, then records of libsodium's crypto_secretstream
 * (XChaCha20-Poly1305; the library re-keys by itself when its counter wraps).
 *
 *   record:  length of the ciphertext (4 bytes, little-endian, authenticated as additional data), ciphertext
 *            of 1..65536 bytes of content plus 17; or of no content, tagged FINAL: the sender's goodbye.
 *
 * The stream's order and FINAL make every change, loss, repetition and truncation on the way an error. Of the bytes that are asked
 * for in one receive every 64 KiB have to arrive within the deadline, so a peer cannot hold this side by one byte, or one short
 * record, now and then. */
#include "runtime/net/kind.h"

#include "runtime/base/bytes.h"
#include "runtime/base/clock.h"
#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/net/handshake.h"
#include "runtime/net/socket.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CONTENT = 65536,
    HEADER = 4,
    OVERHEAD = crypto_secretstream_xchacha20poly1305_ABYTES,
    RECORD = HEADER + CONTENT + OVERHEAD,
    BATCH = 4, /* records in one system call */
};

struct secure {
    int fd;
    double deadline_s;
    crypto_secretstream_xchacha20poly1305_state out, in;
    size_t raw_start, raw_end;     /* received, not yet decrypted */
    size_t plain_start, plain_end; /* decrypted, not yet asked for */
    unsigned char raw[BATCH * RECORD];
    unsigned char plain[CONTENT];
    unsigned char wire[BATCH * RECORD]; /* on its way out */
};

static size_t seal(struct secure *s, unsigned char *record, const unsigned char *content, size_t n, unsigned char tag)
{
    cn_store32(record, (uint32_t)(n + OVERHEAD));
    crypto_secretstream_xchacha20poly1305_push(&s->out, record + HEADER, NULL, content, n, record, HEADER, tag);
    return HEADER + n + OVERHEAD;
}

static enum cnas_status secure_send(void *self, const unsigned char *bytes, size_t n, struct cn_chan_counters *count,
                                    struct cnas_error *err)
{
    struct secure *s = self;
    while (n) {
        size_t filled = 0;
        for (int i = 0; i < BATCH && n; i++) {
            size_t part = n < CONTENT ? n : CONTENT;
            filled += seal(s, s->wire + filled, bytes, part, crypto_secretstream_xchacha20poly1305_TAG_MESSAGE);
            bytes += part;
            n -= part;
        }
        enum cnas_status status = cn_socket_send(s->fd, s->wire, filled, cn_clock_s() + s->deadline_s, err);
        if (status != CNAS_OK)
            return status;
        count->sent += filled;
    }
    return CNAS_OK;
}

/* Until `raw` holds a whole record, whose ciphertext then has *n bytes. */
static enum cnas_status fetch(struct secure *s, size_t *n, double until, struct cn_chan_counters *count, struct cnas_error *err)
{
    for (;;) {
        size_t have = s->raw_end - s->raw_start;
        if (have >= HEADER) {
            *n = cn_load32(s->raw + s->raw_start);
            if (*n < OVERHEAD || *n > CONTENT + OVERHEAD)
                return cn_error(err, CNAS_E_AUTH, "a record has an impossible length: bytes were altered on the way");
            if (have - HEADER >= *n)
                return CNAS_OK;
        }
        if (sizeof s->raw - s->raw_start < RECORD) { /* the record may not fit behind the ones already taken */
            memmove(s->raw, s->raw + s->raw_start, have);
            s->raw_start = 0;
            s->raw_end = have;
        }
        size_t got;
        enum cnas_status status =
            cn_socket_receive(s->fd, s->raw + s->raw_end, sizeof s->raw - s->raw_end, &got, until, err);
        if (status == CNAS_E_CLOSED)
            return cn_error(err, status, "the connection was cut: the peer hung up without a goodbye");
        if (status != CNAS_OK)
            return status;
        s->raw_end += got;
        count->received += got;
    }
}

/* Decrypts the record that fetch found; out holds what it contains. */
static enum cnas_status unseal(struct secure *s, unsigned char *out, size_t n, struct cnas_error *err)
{
    const unsigned char *record = s->raw + s->raw_start;
    unsigned char tag;
    if (crypto_secretstream_xchacha20poly1305_pull(&s->in, out, NULL, &tag, record + HEADER, n, record, HEADER) != 0)
        return cn_error(err, CNAS_E_AUTH, "a record is not authentic: bytes were altered on the way");
    s->raw_start += HEADER + n;
    if (s->raw_start == s->raw_end)
        s->raw_start = s->raw_end = 0;
    if (tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL && n == OVERHEAD)
        return cn_error(err, CNAS_E_CLOSED, "the peer ended the session");
    if (tag != crypto_secretstream_xchacha20poly1305_TAG_MESSAGE || n == OVERHEAD)
        return cn_error(err, CNAS_E_PROTOCOL, "the peer broke the protocol: an empty or unknown kind of record");
    return CNAS_OK;
}

/* A record into `plain`, if that is empty. */
static enum cnas_status refill(struct secure *s, double until, struct cn_chan_counters *count, struct cnas_error *err)
{
    size_t n;
    if (s->plain_start != s->plain_end)
        return CNAS_OK;
    enum cnas_status status = fetch(s, &n, until, count, err);
    if (status == CNAS_OK)
        status = unseal(s, s->plain, n, err);
    if (status == CNAS_OK) {
        s->plain_start = 0;
        s->plain_end = n - OVERHEAD;
    }
    return status;
}

/* At least one byte of content, at most n. */
static enum cnas_status take(struct secure *s, unsigned char *bytes, size_t n, size_t *got, double until,
                             struct cn_chan_counters *count, struct cnas_error *err)
{
    enum cnas_status status;
    if (s->plain_start == s->plain_end && n >= CONTENT) { /* any record fits: straight to the caller */
        size_t length;
        status = fetch(s, &length, until, count, err);
        if (status == CNAS_OK)
            status = unseal(s, bytes, length, err);
        if (status == CNAS_OK)
            *got = length - OVERHEAD;
        return status;
    }
    status = refill(s, until, count, err);
    if (status != CNAS_OK)
        return status;
    size_t have = s->plain_end - s->plain_start;
    *got = have < n ? have : n;
    memcpy(bytes, s->plain + s->plain_start, *got);
    s->plain_start += *got;
    return CNAS_OK;
}

/* All n: each CONTENT bytes have a deadline of their own, whatever the records are that bring them. */
static enum cnas_status secure_receive(void *self, unsigned char *bytes, size_t n, size_t *got, struct cn_chan_counters *count,
                                       struct cnas_error *err)
{
    struct secure *s = self;
    double until = cn_clock_s() + s->deadline_s;
    size_t due = CONTENT; /* by `until` */
    enum cnas_status status = CNAS_OK;
    for (*got = 0; *got < n && status == CNAS_OK;) {
        size_t part = 0;
        if (*got >= due) {
            until = cn_clock_s() + s->deadline_s;
            due = *got + CONTENT;
        }
        status = take(s, bytes + *got, n - *got, &part, until, count, err);
        *got += part;
    }
    return status;
}

static enum cnas_status secure_wait(void *self, double seconds, struct cn_chan_counters *count, struct cnas_error *err)
{
    struct secure *s = self;
    return refill(s, cn_clock_s() + seconds, count, err);
}

static void secure_close(void *self, bool cleanly)
{
    struct secure *s = self;
    if (cleanly) { /* without waiting: a peer that does not read gets no goodbye */
        struct cnas_error ignored;
        size_t n = seal(s, s->wire, NULL, 0, crypto_secretstream_xchacha20poly1305_TAG_FINAL);
        (void)!cn_socket_send(s->fd, s->wire, n, cn_clock_s(), &ignored);
    }
    shutdown(s->fd, SHUT_RDWR);
}

static void secure_free(void *self)
{
    struct secure *s = self;
    close(s->fd);
    cn_mem_wipe_free(s, sizeof *s);
}

static const struct cn_chan_kind secure_kind = {secure_send, secure_receive, secure_wait, secure_close, secure_free};

/* server_secret: NULL on the client's side. */
static enum cnas_status start(struct cn_chan **out, int fd, const unsigned char *server_secret, const unsigned char *server_key,
                              double deadline_s, struct cnas_error *err)
{
    *out = NULL;
    double until = cn_clock_s() + deadline_s;
    struct cn_handshake_result keys;
    struct secure *s = cn_mem_alloc(1, sizeof *s);
    enum cnas_status status = s ? CNAS_OK : cn_error(err, CNAS_E_MEMORY, "no memory for a channel");
    if (status == CNAS_OK)
        status = cn_socket_prepare(fd, err);
    if (status == CNAS_OK)
        status = server_secret ? cn_handshake_server(&keys, fd, server_secret, server_key, until, err)
                               : cn_handshake_client(&keys, fd, server_key, until, err);
    if (status != CNAS_OK) {
        close(fd);
        cn_mem_free(s);
        return status;
    }
    s->fd = fd;
    s->deadline_s = deadline_s;
    s->out = keys.send;
    s->in = keys.receive;
    s->raw_start = s->raw_end = s->plain_start = s->plain_end = 0;
    struct cn_chan_counters spent = keys.counters;
    cn_mem_wipe(&keys, sizeof keys);
    return cn_chan_new(out, &secure_kind, s, &spent, err);
}

enum cnas_status cn_chan_secure_client(struct cn_chan **out, int fd, const unsigned char server_key[32], double deadline_s,
                                       struct cnas_error *err)
{
    return start(out, fd, NULL, server_key, deadline_s, err);
}

enum cnas_status cn_chan_secure_server(struct cn_chan **out, int fd, const unsigned char secret_key[32],
                                       const unsigned char public_key[32], double deadline_s, struct cnas_error *err)
{
    return start(out, fd, secret_key, public_key, deadline_s, err);
}
