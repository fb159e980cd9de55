/* Small networks made by hand, with random integer weights, and the session functions that the compiler would print for them. */
#ifndef TESTS_SUPPORT_TINY_H
#define TESTS_SUPPORT_TINY_H

#include <cnas/private.h>

enum tiny_kind {
    TINY_PLAIN, /* one ReLU layer */
    TINY_SKIPS, /* maps read by several points, several terms at a point, stride 2, a RESCALE */
    TINY_EDGES, /* maps that are not square, large and negative padding, stride 3, several polynomials per map */
    TINY_KINDS
};

struct tiny {
    struct cnas_model m;
    struct cnas_fixed *q;
};

void tiny_init(struct tiny *t, enum tiny_kind kind, unsigned ring_bits, unsigned weight_bits, uint64_t seed);
void tiny_clear(struct tiny *t);
size_t tiny_input_size(const struct tiny *t);
void tiny_image(const struct tiny *t, float *image, uint64_t seed); /* normal: mean 0, variance 1 */
/* The clear fixed-point network. */
void tiny_clear_logits(const struct tiny *t, const float *image, int64_t *logits);

/* What generated code does. */
CNAS_CHECKED enum cnas_status tiny_server_offline(struct cnas_server_session *s, const struct cnas_model *m);
CNAS_CHECKED enum cnas_status tiny_server_online(struct cnas_server_session *s, const struct cnas_model *m);
CNAS_CHECKED enum cnas_status tiny_client_offline(struct cnas_client *c, const struct cnas_model *m);
CNAS_CHECKED enum cnas_status tiny_client_online(struct cnas_client *c, const struct cnas_model *m, const float *image, int64_t *logits);
/* Serves until the client says goodbye; the first failure otherwise. */
CNAS_CHECKED enum cnas_status tiny_serve(struct cnas_server_session *s, const struct cnas_model *m);

#endif
