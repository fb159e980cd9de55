/* Hellos; hello.h has the format. Numbers are little-endian. */
#include "runtime/party/hello.h"

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/base/misuse.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

enum { MAGIC = 8, DIGEST = 32, HEAD = MAGIC + DIGEST, BODY = 24, VERSION = 1 };
static const unsigned char magic[MAGIC] = {'c', 'n', 'a', 's', 'p', '2', 'p', VERSION};

/* What a plan may say; the fixed-point room never makes another. */
enum { RING_MIN = 16, RING_MAX = 60, WEIGHT_MIN = 2, WEIGHT_MAX = 24, FRAC_MAX = 60 };

static void write_head(unsigned char head[HEAD], const struct cnas_model *m)
{
    size_t n;
    memcpy(head, magic, MAGIC);
    if (strlen(m->digest) != 2 * DIGEST || sodium_hex2bin(head + MAGIC, DIGEST, m->digest, 2 * DIGEST, NULL, &n, NULL) != 0 ||
        n != DIGEST)
        cn_misuse("the model's digest is not 64 hexadecimal digits");
}

static enum cnas_status check_head(struct cn_chan *chan, const unsigned char got[HEAD], const unsigned char own[HEAD],
                                   const char *peer, const struct cnas_model *m, struct cnas_error *err)
{
    char theirs[2 * DIGEST + 1];
    if (memcmp(got, magic, MAGIC - 1) != 0) {
        enum cnas_status status = cn_chan_violation(chan, "its first message is not a greeting");
        return cn_error(err, status, "%s", cn_chan_error(chan)->text);
    }
    if (got[MAGIC - 1] != VERSION)
        return cn_error(err, CNAS_E_MISMATCH, "the %s speaks version %u of the private inference protocol, this program version %u",
                        peer, (unsigned)got[MAGIC - 1], (unsigned)VERSION);
    if (memcmp(got + MAGIC, own + MAGIC, DIGEST) == 0)
        return CNAS_OK;
    sodium_bin2hex(theirs, sizeof theirs, got + MAGIC, DIGEST);
    return cn_error(err, CNAS_E_MISMATCH, "the %s was built from another network: its digest begins with %.12s, that of %s here with %.12s",
                    peer, theirs, m->name, m->digest);
}

static enum cnas_status failed(const struct cn_chan *chan, enum cnas_status status, struct cnas_error *err)
{
    return cn_error(err, status, "%s", cn_chan_error(chan)->text);
}

enum cnas_status cn_hello_server(struct cn_chan *chan, const struct cnas_model *m, const struct cnas_fixed_plan *plan,
                                 const struct cn_terms *terms, struct cnas_error *err)
{
    unsigned char own[HEAD], got[HEAD], body[BODY];
    write_head(own, m);
    enum cnas_status status = cn_chan_recv(chan, got, HEAD);
    if (status == CNAS_OK)
        status = cn_chan_send(chan, own, HEAD);
    if (status == CNAS_OK)
        status = cn_chan_flush(chan); /* the client learns of a difference before we hang up */
    if (status != CNAS_OK)
        return failed(chan, status, err);
    status = check_head(chan, got, own, "client", m, err);
    if (status != CNAS_OK)
        return status;
    cn_store32(body, plan->ring_bits);
    cn_store32(body + 4, plan->weight_bits);
    cn_store32(body + 8, terms->he_params);
    cn_store32(body + 12, terms->max_queue);
    cn_store64(body + 16, terms->max_queries);
    status = cn_chan_send(chan, body, BODY);
    if (status == CNAS_OK)
        status = cn_chan_send(chan, plan->frac, plan->n_points);
    if (status == CNAS_OK)
        status = cn_chan_send(chan, plan->shift, plan->n_points);
    if (status == CNAS_OK)
        status = cn_chan_flush(chan);
    return status == CNAS_OK ? status : failed(chan, status, err);
}

/* NULL, or what is wrong with a plan that a server sent. */
static const char *plan_flaw(const struct cnas_fixed_plan *plan)
{
    if (plan->ring_bits < RING_MIN || plan->ring_bits > RING_MAX)
        return "a ring size outside 16 to 60 bits";
    if (plan->weight_bits < WEIGHT_MIN || plan->weight_bits > WEIGHT_MAX || plan->weight_bits >= plan->ring_bits)
        return "a weight size that does not fit the ring";
    for (uint32_t p = 0; p < plan->n_points; p++) {
        bool end = p == 0 || p == plan->n_points - 1;
        if (plan->frac[p] < -FRAC_MAX || plan->frac[p] > FRAC_MAX)
            return "a scale out of range";
        if (plan->shift[p] >= plan->ring_bits || (end && plan->shift[p] != 0))
            return "a truncation that does not fit the ring";
    }
    return NULL;
}

enum cnas_status cn_hello_client(struct cn_chan *chan, const struct cnas_model *m, struct cnas_fixed_plan *plan,
                                 struct cn_terms *terms, struct cnas_error *err)
{
    unsigned char own[HEAD], got[HEAD], body[BODY];
    write_head(own, m);
    enum cnas_status status = cn_chan_send(chan, own, HEAD);
    if (status == CNAS_OK)
        status = cn_chan_recv(chan, got, HEAD);
    if (status != CNAS_OK)
        return failed(chan, status, err);
    status = check_head(chan, got, own, "server", m, err);
    if (status != CNAS_OK)
        return status;
    plan->n_points = m->n_points; /* the digest covers it */
    status = cn_chan_recv(chan, body, BODY);
    if (status == CNAS_OK)
        status = cn_chan_recv(chan, plan->frac, m->n_points);
    if (status == CNAS_OK)
        status = cn_chan_recv(chan, plan->shift, m->n_points);
    if (status != CNAS_OK)
        return failed(chan, status, err);
    plan->ring_bits = cn_load32(body);
    plan->weight_bits = cn_load32(body + 4);
    terms->he_params = cn_load32(body + 8);
    terms->max_queue = cn_load32(body + 12);
    terms->max_queries = cn_load64(body + 16);
    const char *flaw = plan_flaw(plan);
    if (!flaw && terms->max_queue == 0)
        flaw = "no room for any offline run";
    return flaw ? failed(chan, cn_chan_violation(chan, flaw), err) : CNAS_OK;
}
