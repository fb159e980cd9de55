/* A generated network (NET is its name) in private: the generated client and server functions in two threads over a socket give
 * the integers that the clear fixed-point network gives, bit for bit. */
#include <cnas/cnas.h>

#include <check.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define PASTE(a, b) a##b
#define OF(net, name) PASTE(net, name)
#define MODEL OF(NET, _model)
extern const struct cnas_model MODEL;
enum cnas_status OF(NET, _server_offline)(struct cnas_server_session *s);
enum cnas_status OF(NET, _server_online)(struct cnas_server_session *s);
enum cnas_status OF(NET, _client_offline)(struct cnas_client *c);
enum cnas_status OF(NET, _client_online)(struct cnas_client *c, const float *image, int64_t *logits);

enum { IMAGES = 3 };

struct serving {
    const struct cnas_server *server;
    int fd;
    unsigned char secret[CNAS_KEY_BYTES];
    enum cnas_status status;
    struct cnas_error err;
};

static enum cnas_status serve_session(struct cnas_server_session *s)
{
    for (;;) {
        enum cnas_request request;
        CNAS_TRY(cnas_server_next(s, &request, 20));
        if (request == CNAS_REQUEST_BYE)
            return CNAS_OK;
        CNAS_TRY(request == CNAS_REQUEST_OFFLINE ? OF(NET, _server_offline)(s) : OF(NET, _server_online)(s));
    }
}

static void *serve(void *arg)
{
    struct serving *v = arg;
    struct cnas_server_session *s;
    const struct cnas_private_options o = {.deadline_s = 20, .max_queue = IMAGES};
    v->status = cnas_server_session_new(&s, v->server, v->fd, v->secret, &o, &v->err);
    if (v->status != CNAS_OK)
        return NULL;
    v->status = serve_session(s);
    if (v->status != CNAS_OK)
        v->err = *cnas_server_session_error(s);
    cnas_server_session_free(&s);
    return NULL;
}

START_TEST(private_equals_clear)
{
    const size_t n = (size_t)MODEL.c * MODEL.h * MODEL.w;
    struct cnas_ctx *ctx;
    struct cnas_error err = {0};
    ck_assert_int_eq(cnas_ctx_new(&ctx, 1), CNAS_OK);
    float *params = calloc(MODEL.params_floats, sizeof *params), *images = calloc(IMAGES * n, sizeof *images);
    uint64_t *input = calloc(IMAGES * n, sizeof *input);
    int64_t *want = calloc(IMAGES * MODEL.classes, sizeof *want), *got = calloc(MODEL.classes, sizeof *got);
    cnas_params_init(params, &MODEL, 7);
    for (size_t i = 0; i < IMAGES * n; i++)
        images[i] = (float)((i * 2654435761u >> 8) % 2001) / 1000 - 1;
    struct cnas_fixed *q;
    ck_assert_msg(cnas_fixed_make(&q, ctx, &MODEL, params, images, IMAGES, &(struct cnas_fixed_options){.headroom_bits = 2},
                                  &err) == CNAS_OK,
                  "%s", err.text);
    for (size_t i = 0; i < IMAGES; i++)
        cnas_fixed_input(input + i * n, images + i * n, &MODEL, cnas_fixed_plan(q));
    ck_assert_int_eq(cnas_fixed_infer(q, &MODEL, ctx, want, input, IMAGES), CNAS_OK);

    struct cnas_server *server;
    ck_assert_msg(cnas_server_new(&server, &MODEL, q, &err) == CNAS_OK, "%s", err.text);
    int fd[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    struct serving v = {.server = server, .fd = fd[0]};
    unsigned char key[CNAS_KEY_BYTES];
    crypto_kx_keypair(key, v.secret);
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, serve, &v), 0);
    struct cnas_client *c;
    const struct cnas_private_options o = {.deadline_s = 20, .max_queue = IMAGES};
    ck_assert_msg(cnas_client_new(&c, &MODEL, fd[1], key, &o, &err) == CNAS_OK, "%s", err.text);
    ck_assert_msg(OF(NET, _client_offline)(c) == CNAS_OK, "%s", cnas_client_error(c)->text); /* one ahead */
    for (size_t i = 0; i < IMAGES; i++) {
        if (i + 1 < IMAGES)
            ck_assert_msg(OF(NET, _client_offline)(c) == CNAS_OK, "%s", cnas_client_error(c)->text);
        ck_assert_msg(OF(NET, _client_online)(c, images + i * n, got) == CNAS_OK, "%s", cnas_client_error(c)->text);
        ck_assert_mem_eq(got, want + i * MODEL.classes, MODEL.classes * sizeof *got);
    }
    cnas_client_free(&c);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_msg(v.status == CNAS_OK, "%s", v.err.text);
    cnas_server_free(&server);
    cnas_fixed_free(&q);
    cnas_ctx_free(&ctx);
    free(params);
    free(images);
    free(input);
    free(want);
    free(got);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("generated/private");
    TCase *c = tcase_create("private");
    tcase_add_test(c, private_equals_clear);
    tcase_set_timeout(c, 120);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
