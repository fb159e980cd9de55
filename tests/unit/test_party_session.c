/* Whole private sessions between two threads: results equal to the clear network bit for bit, statistics, sockets and keys. */
#include <check.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/support/world.h"

/* --- results --- */

static const struct {
    enum tiny_kind kind;
    unsigned ring, weights;
} cases[] = {{TINY_PLAIN, 16, 2}, {TINY_PLAIN, 32, 8}, {TINY_PLAIN, 60, 8}, {TINY_SKIPS, 24, 6},
             {TINY_SKIPS, 31, 8}, {TINY_SKIPS, 41, 12}, {TINY_EDGES, 30, 8}, {TINY_EDGES, 37, 8}};
enum { CASES = sizeof cases / sizeof *cases };

START_TEST(private_equals_clear)
{
    struct world w;
    world_init(&w, cases[_i].kind, cases[_i].ring, cases[_i].weights);
    world_connect(&w, NULL, NULL);
    offline(&w);
    online(&w, 1);
    for (int i = 0; i < 3; i++) /* several ahead, then mixed */
        offline(&w);
    online(&w, 2);
    online(&w, 2); /* the same image once more */
    offline(&w);
    for (uint64_t i = 3; i < 5; i++)
        online(&w, i);
    world_leave(&w);
    ck_assert_uint_eq(w.side.stats.online_runs, 5);
    ck_assert_uint_eq(w.side.stats.offline_runs, 5);
    world_clear(&w);
}
END_TEST

START_TEST(extreme_images)
{
    struct world w;
    world_init(&w, TINY_SKIPS, 31, 8);
    world_connect(&w, NULL, NULL);
    const float values[] = {0, 1e30f, -1e30f, 1.0f / 128, 3.0f / 128};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        offline(&w);
        for (size_t k = 0; k < tiny_input_size(&w.t); k++)
            w.image[k] = k % 7 ? values[i] : -values[i];
        tiny_clear_logits(&w.t, w.image, w.want);
        ck_assert_int_eq(tiny_client_online(w.client, &w.t.m, w.image, w.got), CNAS_OK);
        ck_assert_mem_eq(w.got, w.want, w.t.m.classes * sizeof *w.got);
    }
    world_leave(&w);
    world_clear(&w);
}
END_TEST

START_TEST(both_count_the_same)
{
    struct world w;
    struct cnas_private_stats c;
    world_init(&w, TINY_SKIPS, 31, 8);
    world_connect(&w, NULL, NULL);
    offline(&w);
    online(&w, 1);
    offline(&w);
    online(&w, 2);
    cnas_client_stats(w.client, &c);
    world_leave(&w);
    const struct cnas_private_stats *s = &w.side.stats;
    const struct cnas_phase_stats *a[] = {&c.setup, &c.offline, &c.online}, *b[] = {&s->setup, &s->offline, &s->online};
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_gt(a[i]->sent, 0);
        ck_assert_uint_gt(a[i]->received, 0);
        ck_assert_uint_eq(a[i]->sent, b[i]->received);
        ck_assert_uint_eq(a[i]->received, b[i]->sent);
        ck_assert(a[i]->seconds > 0 && b[i]->seconds > 0);
    }
    /* online: two one-way messages a layer, four layers; the masked image; the shared logits. The flip into the next run counts
     * with it: one less in the first. */
    ck_assert_uint_eq(c.online_runs, 2);
    ck_assert_uint_le(c.online.flips, 2 * (2 * 4 + 2));
    world_clear(&w);
}
END_TEST

/* --- over sockets, with keys --- */

START_TEST(over_a_socket)
{
    struct world w;
    struct cnas_error e;
    unsigned char secret[32], key[32];
    int fd[2];
    world_init(&w, TINY_PLAIN, 32, 8);
    crypto_kx_keypair(key, secret);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    w.side = (struct server_side){.t = &w.t, .server = w.server, .fd = fd[1], .secret = secret};
    side_start(&w.side);
    ck_assert_msg(cnas_client_new(&w.client, &w.t.m, fd[0], key, NULL, &e) == CNAS_OK, "%s", e.text);
    ck_assert_uint_eq(cnas_client_plan(w.client)->ring_bits, 32);
    offline(&w);
    online(&w, 1);
    world_leave(&w);

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0); /* the wrong key */
    w.side = (struct server_side){.t = &w.t, .server = w.server, .fd = fd[1], .secret = secret};
    side_start(&w.side);
    key[5] ^= 1;
    ck_assert_int_eq(cnas_client_new(&w.client, &w.t.m, fd[0], key, NULL, &e), CNAS_E_AUTH);
    ck_assert_ptr_null(w.client);
    ck_assert_ptr_nonnull(strstr(e.text, "pinned key"));
    side_join(&w.side);
    ck_assert_int_eq(w.side.status, CNAS_E_CLOSED);
    world_clear(&w);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("party/session");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, private_equals_clear, 0, CASES);
    tcase_add_test(t, extreme_images);
    tcase_add_test(t, both_count_the_same);
    tcase_add_test(t, over_a_socket);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
