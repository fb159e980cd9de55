/* See fault.h. It is one more kind of channel over another channel. */
#include "tests/support/fault.h"

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/net/kind.h"
#include "runtime/prg/prg.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct faulty {
    struct cn_chan *inner;
    enum fault fault;
    uint64_t at, sent;
    struct cn_prg noise;
};

static enum cnas_status forward(struct faulty *f, const unsigned char *bytes, size_t n, struct cnas_error *err)
{
    enum cnas_status status = cn_chan_send(f->inner, bytes, n);
    if (status == CNAS_OK)
        status = cn_chan_flush(f->inner);
    if (status != CNAS_OK)
        *err = *cn_chan_error(f->inner);
    return status;
}

static enum cnas_status fault_send(void *self, const unsigned char *bytes, size_t n, struct cn_chan_counters *count,
                                   struct cnas_error *err)
{
    struct faulty *f = self;
    uint64_t start = f->sent;
    f->sent += n;
    count->sent += n;
    if (f->fault == FAULT_NONE || f->sent <= f->at || (f->fault == FAULT_FLIP && start > f->at))
        return forward(f, bytes, n, err);
    size_t good = start < f->at ? (size_t)(f->at - start) : 0;
    enum cnas_status status = good ? forward(f, bytes, good, err) : CNAS_OK;
    if (status != CNAS_OK || f->fault == FAULT_STALL)
        return status;
    if (f->fault == FAULT_HANG_UP) {
        cn_chan_free(&f->inner);
        return cn_error(err, CNAS_E_CLOSED, "the test hung up");
    }
    unsigned char *bad = malloc(n - good);
    ck_assert_ptr_nonnull(bad);
    memcpy(bad, bytes + good, n - good);
    if (f->fault == FAULT_FLIP)
        bad[0] ^= (unsigned char)(1u << cn_prg_u64(&f->noise) % 8);
    else
        cn_prg_bytes(&f->noise, bad, n - good);
    status = forward(f, bad, n - good, err);
    free(bad);
    return status;
}

static enum cnas_status fault_receive(void *self, unsigned char *bytes, size_t n, size_t *got, struct cn_chan_counters *count,
                                      struct cnas_error *err)
{
    struct faulty *f = self;
    enum cnas_status status = cn_chan_recv(f->inner, bytes, n);
    if (status != CNAS_OK)
        *err = *cn_chan_error(f->inner);
    *got = n;
    count->received += n;
    return status;
}

static enum cnas_status fault_wait(void *self, double seconds, struct cn_chan_counters *count, struct cnas_error *err)
{
    struct faulty *f = self;
    (void)count;
    enum cnas_status status = cn_chan_wait(f->inner, seconds);
    if (status != CNAS_OK)
        *err = *cn_chan_error(f->inner);
    return status;
}

static void fault_close(void *self, bool cleanly)
{
    (void)cleanly;
    cn_chan_free(&((struct faulty *)self)->inner);
}

static void fault_free(void *self)
{
    free(self);
}

struct cn_chan *fault_chan(struct cn_chan **inner, enum fault fault, uint64_t at, uint64_t seed)
{
    static const struct cn_chan_kind kind = {fault_send, fault_receive, fault_wait, fault_close, fault_free};
    const struct cn_chan_counters none = {0};
    unsigned char bytes[32] = {0};
    struct cn_chan *out;
    struct faulty *f = malloc(sizeof *f);
    ck_assert_ptr_nonnull(f);
    cn_store64(bytes, seed);
    *f = (struct faulty){.inner = *inner, .fault = fault, .at = at};
    cn_prg_init(&f->noise, bytes);
    *inner = NULL;
    ck_assert_int_eq(cn_chan_new(&out, &kind, f, &none, NULL), CNAS_OK);
    return out;
}
