/* See tiny.h. No Check here: programs use it too. */
#include "tests/support/tiny.h"

#include "runtime/base/bytes.h"
#include "runtime/base/misuse.h"
#include "runtime/fixed/quant.h"
#include "runtime/prg/prg.h"

#include <string.h>

#define RELU CNAS_POINT_RELU
#define RESCALE CNAS_POINT_RESCALE

/* name, kind, c, h, w, first term, terms;  dst, src, kh, kw, stride, pad_y, pad_x */
static const struct cnas_point plain_points[] = {
    {"image", CNAS_POINT_INPUT, 1, 5, 5, 0, 0}, {"relu", RELU, 2, 5, 5, 0, 1}, {"logits", CNAS_POINT_OUTPUT, 3, 1, 1, 1, 1}};
static const struct cnas_term plain_terms[] = {{1, 0, 3, 3, 1, 1, 1}, {2, 1, 5, 5, 1, 0, 0}};

static const struct cnas_point skip_points[] = {
    {"image", CNAS_POINT_INPUT, 2, 8, 8, 0, 0}, {"a", RELU, 3, 8, 8, 0, 1},     {"b", RELU, 4, 8, 8, 1, 2},
    {"c", RELU, 5, 4, 4, 3, 2},                 {"d", RESCALE, 5, 2, 2, 5, 1}, {"logits", CNAS_POINT_OUTPUT, 10, 1, 1, 6, 3}};
static const struct cnas_term skip_terms[] = {{1, 0, 3, 3, 1, 1, 1}, {2, 0, 1, 1, 1, 0, 0}, {2, 1, 3, 3, 1, 1, 1},
                                              {3, 2, 3, 3, 2, 1, 1}, {3, 1, 1, 1, 2, 0, 0}, {4, 3, 2, 2, 2, 0, 0},
                                              {5, 4, 2, 2, 1, 0, 0}, {5, 3, 4, 4, 1, 0, 0}, {5, 1, 8, 8, 1, 0, 0}};

static const struct cnas_point edge_points[] = {{"image", CNAS_POINT_INPUT, 11, 23, 31, 0, 0},
                                                {"a", RELU, 3, 23, 31, 0, 1},
                                                {"b", RESCALE, 2, 8, 11, 1, 1},
                                                {"c", RELU, 4, 6, 9, 2, 2},
                                                {"logits", CNAS_POINT_OUTPUT, 7, 1, 1, 4, 1}};
static const struct cnas_term edge_terms[] = {
    {1, 0, 5, 5, 1, 2, 2}, {2, 1, 3, 3, 3, 1, 1}, {3, 1, 1, 1, 3, -1, -1}, {3, 2, 3, 3, 1, 0, 0}, {4, 3, 6, 9, 1, 0, 0}};

static const struct net {
    const struct cnas_point *points;
    uint32_t n_points;
    const struct cnas_term *terms;
    uint32_t n_terms;
    const char *digest;
} nets[TINY_KINDS] = {
    {plain_points, 3, plain_terms, 2, "a000000000000000000000000000000000000000000000000000000000000001"},
    {skip_points, 6, skip_terms, 9, "b000000000000000000000000000000000000000000000000000000000000002"},
    {edge_points, 5, edge_terms, 5, "c000000000000000000000000000000000000000000000000000000000000003"},
};

static void seeded(struct cn_prg *g, uint64_t seed)
{
    unsigned char bytes[32] = {0};
    cn_store64(bytes, seed);
    cn_prg_init(g, bytes);
}

void tiny_init(struct tiny *t, enum tiny_kind kind, unsigned ring_bits, unsigned weight_bits, uint64_t seed)
{
    const struct net *n = &nets[kind];
    const struct cnas_point *in = n->points, *out = &n->points[n->n_points - 1];
    struct cn_prg g;
    seeded(&g, seed);
    t->m = (struct cnas_model){.name = "tiny", .source = "tiny.cnas", .digest = n->digest, .clear_digest = n->digest, .c = in->c, .h = in->h, .w = in->w,
                               .classes = out->c * out->h * out->w, .points = n->points, .n_points = n->n_points,
                               .terms = n->terms, .n_terms = n->n_terms};
    cn_require(cn_quant_new(&t->q, &t->m) == CNAS_OK);
    struct cnas_fixed *q = t->q;
    q->plan.ring_bits = ring_bits;
    q->plan.weight_bits = weight_bits;
    for (uint32_t p = 0; p < n->n_points; p++) {
        q->plan.frac[p] = 6;
        if (n->points[p].kind == RELU || n->points[p].kind == RESCALE)
            q->plan.shift[p] = (uint8_t)(cn_prg_u64(&g) % (ring_bits - 3));
    }
    q->plan.shift[1] = 0; /* one activation that drops nothing */
    int64_t limit = (INT64_C(1) << (weight_bits - 1)) - 1;
    for (size_t i = 0; i < q->weight_at[n->n_terms]; i++) {
        uint64_t r = cn_prg_u64(&g);
        q->weights[i] = (int32_t)(r % 8 == 0 ? limit : r % 8 == 1 ? -limit : (int64_t)(r >> 3) % (limit + 1) * (r % 8 < 5 ? 1 : -1));
    }
    for (size_t i = 0; i < q->bias_at[n->n_points]; i++)
        q->bias[i] = cn_prg_u64(&g) & cn_ring_mask(ring_bits);
    cn_quant_seal(q);
}

void tiny_clear(struct tiny *t)
{
    cnas_fixed_free(&t->q);
}

size_t tiny_input_size(const struct tiny *t)
{
    return (size_t)t->m.c * t->m.h * t->m.w;
}

void tiny_image(const struct tiny *t, float *image, uint64_t seed)
{
    struct cn_prg g;
    seeded(&g, seed);
    for (size_t i = 0; i < tiny_input_size(t); i++) {
        double sum = -6; /* twelve uniform numbers */
        for (int k = 0; k < 12; k++)
            sum += (double)(cn_prg_u64(&g) >> 11) * 0x1p-53;
        image[i] = (float)sum;
    }
}

void tiny_clear_logits(const struct tiny *t, const float *image, int64_t *logits)
{
    uint64_t input[11 * 23 * 31];
    struct cnas_ctx *ctx;
    cn_require(tiny_input_size(t) <= sizeof input / sizeof *input);
    cnas_fixed_input(input, image, &t->m, cnas_fixed_plan(t->q));
    cn_require(cnas_ctx_new(&ctx, 1) == CNAS_OK);
    cn_require(cnas_fixed_infer(t->q, &t->m, ctx, logits, input, 1) == CNAS_OK);
    cnas_ctx_free(&ctx);
}

static int activates(const struct cnas_model *m, uint32_t p)
{
    return m->points[p].kind == RELU || m->points[p].kind == RESCALE;
}

enum cnas_status tiny_server_offline(struct cnas_server_session *s, const struct cnas_model *m)
{
    enum cnas_status status = cnas_server_offline_begin(s);
    for (uint32_t p = 1; p < m->n_points && status == CNAS_OK; p++) {
        status = cnas_server_offline_linear(s, p);
        if (status == CNAS_OK && activates(m, p))
            status = cnas_server_offline_activate(s, p);
    }
    return status == CNAS_OK ? cnas_server_offline_end(s) : status;
}

enum cnas_status tiny_server_online(struct cnas_server_session *s, const struct cnas_model *m)
{
    enum cnas_status status = cnas_server_online_begin(s);
    for (uint32_t p = 1; p < m->n_points && status == CNAS_OK; p++) {
        status = cnas_server_online_linear(s, p);
        if (status == CNAS_OK)
            status = activates(m, p) ? cnas_server_online_activate(s, p) : cnas_server_online_reveal(s, p);
    }
    return status;
}

enum cnas_status tiny_client_offline(struct cnas_client *c, const struct cnas_model *m)
{
    enum cnas_status status = cnas_client_offline_begin(c);
    for (uint32_t p = 1; p < m->n_points && status == CNAS_OK; p++) {
        status = cnas_client_offline_linear(c, p);
        if (status == CNAS_OK && activates(m, p))
            status = cnas_client_offline_activate(c, p);
    }
    return status == CNAS_OK ? cnas_client_offline_end(c) : status;
}

enum cnas_status tiny_client_online(struct cnas_client *c, const struct cnas_model *m, const float *image, int64_t *logits)
{
    enum cnas_status status = cnas_client_online_begin(c, image);
    for (uint32_t p = 1; p < m->n_points && status == CNAS_OK; p++)
        status = activates(m, p) ? cnas_client_online_activate(c, p) : cnas_client_online_reveal(c, p, logits);
    return status;
}

enum cnas_status tiny_serve(struct cnas_server_session *s, const struct cnas_model *m)
{
    enum cnas_request request = CNAS_REQUEST_OFFLINE;
    enum cnas_status status = CNAS_OK;
    while (status == CNAS_OK && request != CNAS_REQUEST_BYE) {
        status = cnas_server_next(s, &request, 5);
        if (status == CNAS_OK && request == CNAS_REQUEST_OFFLINE)
            status = tiny_server_offline(s, m);
        else if (status == CNAS_OK && request == CNAS_REQUEST_ONLINE)
            status = tiny_server_online(s, m);
    }
    return status;
}
