/* Fixed-point networks as safetensors: `term_T.weight` I32 (K, C, KH, KW), `point_P.bias` I64 (K), the plan as metadata.
 * A digest over all numbers refuses files in which a bit was lost: they would compute nonsense without a word. */
#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"
#include "runtime/data/file.h"
#include "runtime/data/safetensors.h"
#include "runtime/fixed/quantise.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char format_name[] = "cnas-fixed-1";

enum { NAME_SIZE = 24, DIGEST_HEX = 2 * crypto_generichash_BYTES + 1, NUMBER_SIZE = 5 /* "-128," */ };

/* The tensors that a file of this network holds: terms, then biases. data stays NULL. */
struct table {
    size_t n;
    char (*name)[NAME_SIZE];
    struct cn_tensor *tensor;
    const char **names;
};

static void table_clear(struct table *t)
{
    free(t->name);
    free(t->tensor);
    free(t->names);
}

static enum cnas_status table_init(struct table *t, const struct cnas_model *m)
{
    t->n = m->n_terms + m->n_points - 1;
    t->name = calloc(t->n, sizeof *t->name);
    t->tensor = calloc(t->n, sizeof *t->tensor);
    t->names = calloc(t->n, sizeof *t->names);
    if (!t->name || !t->tensor || !t->names)
        return CNAS_E_MEMORY;
    for (uint32_t i = 0; i < t->n; i++) {
        struct cn_tensor *x = &t->tensor[i];
        if (i < m->n_terms) {
            const struct cnas_term *term = &m->terms[i];
            snprintf(t->name[i], NAME_SIZE, "term_%u.weight", i);
            *x = (struct cn_tensor){.dtype = CN_I32, .rank = 4, .dim = {m->points[term->dst].c, m->points[term->src].c, term->kh, term->kw},
                                    .bytes = cn_term_size(m, i) * sizeof(int32_t)};
        } else {
            uint32_t p = i - m->n_terms + 1;
            snprintf(t->name[i], NAME_SIZE, "point_%u.bias", p);
            *x = (struct cn_tensor){.dtype = CN_I64, .rank = 1, .dim = {m->points[p].c}, .bytes = m->points[p].c * sizeof(int64_t)};
        }
        x->name = t->names[i] = t->name[i];
    }
    return CNAS_OK;
}

/* BLAKE2b-256 over plan, weights and biases, in hex. */
static void content_digest(char hex[DIGEST_HEX], const struct cnas_fixed *q)
{
    crypto_generichash_state state;
    unsigned char head[12], digest[crypto_generichash_BYTES];
    crypto_generichash_init(&state, NULL, 0, sizeof digest);
    cn_store32(head, q->plan.ring_bits);
    cn_store32(head + 4, q->plan.weight_bits);
    cn_store32(head + 8, q->plan.n_points);
    crypto_generichash_update(&state, head, sizeof head);
    crypto_generichash_update(&state, (const unsigned char *)q->plan.frac, q->plan.n_points);
    crypto_generichash_update(&state, q->plan.shift, q->plan.n_points);
    crypto_generichash_update(&state, (const unsigned char *)q->weights, q->weight_at[q->n_terms] * sizeof *q->weights);
    crypto_generichash_update(&state, (const unsigned char *)q->bias, q->bias_at[q->plan.n_points] * sizeof *q->bias);
    crypto_generichash_final(&state, digest, sizeof digest);
    sodium_bin2hex(hex, DIGEST_HEX, digest, sizeof digest);
}

static int number_at(const struct cnas_fixed_plan *plan, int of_shift, uint32_t p)
{
    return of_shift ? plan->shift[p] : plan->frac[p];
}

static char *list_text(const struct cnas_fixed_plan *plan, int of_shift)
{
    char *text = calloc(plan->n_points + 1, NUMBER_SIZE);
    for (uint32_t p = 0, at = 0; text && p < plan->n_points; p++)
        at += (uint32_t)sprintf(text + at, p ? ",%d" : "%d", number_at(plan, of_shift, p));
    return text;
}

enum cnas_status cnas_fixed_save(const struct cnas_fixed *q, const struct cnas_model *m, const char *path, struct cnas_error *err)
{
    struct table table = {0};
    char digest[DIGEST_HEX], ring[12], weight[12];
    char *frac = list_text(&q->plan, 0), *shift = list_text(&q->plan, 1);
    cn_require(q->plan.n_points == m->n_points && q->n_terms == m->n_terms);
    enum cnas_status status = frac && shift ? table_init(&table, m) : CNAS_E_MEMORY;
    if (status) {
        cn_error(err, status, "%s: no memory to write it", cn_file_label(path));
    } else {
        for (uint32_t i = 0; i < table.n; i++)
            table.tensor[i].data = i < m->n_terms ? (const void *)(q->weights + q->weight_at[i])
                                                  : (const void *)(q->bias + q->bias_at[i - m->n_terms + 1]);
        content_digest(digest, q);
        snprintf(ring, sizeof ring, "%u", q->plan.ring_bits);
        snprintf(weight, sizeof weight, "%u", q->plan.weight_bits);
        const struct cn_metadata metadata[] = {{"format", format_name}, {"network", m->name}, {"digest", m->digest},
                                               {"content", digest},     {"ring_bits", ring},  {"weight_bits", weight},
                                               {"frac", frac},          {"shift", shift}};
        status = cn_safetensors_save(path, table.tensor, table.n, metadata, sizeof metadata / sizeof *metadata, err);
    }
    table_clear(&table);
    free(shift);
    free(frac);
    return status;
}

/* A number of the plan: no sign but '-', no space, no leading zero beyond "0"; *text moves past it. */
static int read_number(int *out, const char **text, int low, int high)
{
    const char *start = *text + (**text == '-');
    if (*start < '0' || *start > '9' || (*start == '0' && (start != *text || (start[1] >= '0' && start[1] <= '9'))))
        return -1;
    char *end;
    errno = 0;
    long v = strtol(*text, &end, 10);
    if (errno || v < low || v > high)
        return -1;
    *text = end;
    *out = (int)v;
    return 0;
}

static int read_single(uint32_t *out, const char *text, int low, int high)
{
    int v;
    if (!text || read_number(&v, &text, low, high) || *text)
        return -1;
    *out = (uint32_t)v;
    return 0;
}

static int read_list(struct cnas_fixed_plan *plan, int of_shift, const char *text)
{
    if (!text)
        return -1;
    for (uint32_t p = 0; p < plan->n_points; p++) {
        int v;
        if ((p && *text++ != ',') ||
            read_number(&v, &text, of_shift ? 0 : -CN_FRAC_MAX, of_shift ? (int)plan->ring_bits - 2 : CN_FRAC_MAX))
            return -1;
        if (of_shift)
            plan->shift[p] = (uint8_t)v;
        else
            plan->frac[p] = (int8_t)v;
    }
    return *text ? -1 : 0;
}

static enum cnas_status read_plan(struct cnas_fixed *q, const struct cnas_model *m, const struct cn_safetensors *s, const char *label,
                                  struct cnas_error *err)
{
    const char *format = cn_safetensors_metadata(s, "format"), *network = cn_safetensors_metadata(s, "network");
    const char *digest = cn_safetensors_metadata(s, "digest");
    if (!format || strcmp(format, format_name))
        return cn_error(err, CNAS_E_FORMAT, "%s: not a fixed-point network (its format is not %s); make one with --quantize", label,
                        format_name);
    if (!network || strcmp(network, m->name))
        return cn_error(err, CNAS_E_MISMATCH, "%s: made for network `%.64s`, this program is `%.64s`", label, network ? network : "?",
                        m->name);
    if (!digest || strcmp(digest, m->digest))
        return cn_error(err, CNAS_E_MISMATCH, "%s: made for another build of network `%.64s`; quantise the weights again", label, m->name);
    if (read_single(&q->plan.ring_bits, cn_safetensors_metadata(s, "ring_bits"), CN_RING_BITS_MIN, CN_RING_BITS_MAX) ||
        read_single(&q->plan.weight_bits, cn_safetensors_metadata(s, "weight_bits"), CN_WEIGHT_BITS_MIN, CN_WEIGHT_BITS_MAX) ||
        read_list(&q->plan, 0, cn_safetensors_metadata(s, "frac")) || read_list(&q->plan, 1, cn_safetensors_metadata(s, "shift")))
        return cn_error(err, CNAS_E_FORMAT, "%s: the fixed-point plan in its metadata is malformed", label);
    for (uint32_t p = 0; p < m->n_points; p++)
        if (q->plan.shift[p] && (m->points[p].kind == CNAS_POINT_INPUT || m->points[p].kind == CNAS_POINT_OUTPUT))
            return cn_error(err, CNAS_E_FORMAT, "%s: the plan shifts the input or an output", label);
    if (q->plan.weight_bits >= q->plan.ring_bits)
        return cn_error(err, CNAS_E_FORMAT, "%s: weights of %u bits do not fit a ring of %u bits", label, q->plan.weight_bits,
                        q->plan.ring_bits);
    if (!cn_quant_fits_limbs(m, q->plan.weight_bits))
        return cn_error(err, CNAS_E_RANGE, "%s: weights of %u bits are too wide for this network", label, q->plan.weight_bits);
    return CNAS_OK;
}

static enum cnas_status read_tensors(struct cnas_fixed *q, const struct cnas_model *m, const struct cn_safetensors *s,
                                     const struct table *table, const char *label, struct cnas_error *err)
{
    for (uint32_t i = 0; i < table->n; i++) {
        const struct cn_tensor *x = &table->tensor[i], *t;
        enum cnas_status status = cn_safetensors_expect(&t, s, x->name, x->dtype, x->rank, x->dim, err);
        if (status)
            return status;
        if (i < m->n_terms)
            memcpy(q->weights + q->weight_at[i], t->data, t->bytes);
        else
            memcpy(q->bias + q->bias_at[i - m->n_terms + 1], t->data, t->bytes);
    }
    const int32_t limit = (int32_t)1 << (q->plan.weight_bits - 1);
    for (size_t i = 0; i < q->weight_at[m->n_terms]; i++)
        if (q->weights[i] <= -limit || q->weights[i] >= limit)
            return cn_error(err, CNAS_E_RANGE, "%s: a weight does not fit %u bits", label, q->plan.weight_bits);
    for (size_t i = 0; i < q->bias_at[m->n_points]; i++)
        if (q->bias[i] > cn_ring_mask(q->plan.ring_bits))
            return cn_error(err, CNAS_E_RANGE, "%s: a bias does not fit %u bits", label, q->plan.ring_bits);
    return cn_safetensors_expect_only(s, table->names, table->n, err);
}

enum cnas_status cnas_fixed_load(struct cnas_fixed **out, const struct cnas_model *m, const char *path, struct cnas_error *err)
{
    struct table table = {0};
    struct cnas_fixed *q = NULL;
    struct cn_safetensors *s = NULL;
    const char *label = cn_file_label(path), *content;
    char digest[DIGEST_HEX];
    *out = NULL;
    enum cnas_status status = table_init(&table, m);
    if (!status)
        status = cn_quant_new(&q, m);
    if (status) {
        cn_error(err, status, "%s: no memory to read it", label);
        goto out;
    }
    uint64_t bytes = CN_SAFETENSORS_HEADER_MAX;
    for (size_t i = 0; i < table.n; i++)
        bytes += table.tensor[i].bytes;
    status = cn_safetensors_load(&s, path, bytes, err);
    if (!status)
        status = read_plan(q, m, s, label, err);
    if (!status)
        status = read_tensors(q, m, s, &table, label, err);
    if (status)
        goto out;
    content_digest(digest, q);
    content = cn_safetensors_metadata(s, "content");
    if (!content || strcmp(content, digest))
        status = cn_error(err, CNAS_E_FORMAT, "%s: the file is damaged (its numbers do not have the digest that it states)", label);
    else
        cn_quant_seal(q);
out:
    cn_safetensors_free(&s);
    table_clear(&table);
    if (status)
        cnas_fixed_free(&q);
    *out = q;
    return status;
}
