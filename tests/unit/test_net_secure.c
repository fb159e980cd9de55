/* The encrypted channel: a recorded session with every bit flipped, cut at every byte; noise instead of a handshake; a wrong
 * key; a silent peer; volume. The randomness of libsodium is replaced by a seeded one here, so that a recording can be
 * replayed to one side alone: no timing enters these tests. */
#include "runtime/base/clock.h"
#include "runtime/net/chan.h"
#include "runtime/net/socket.h"
#include "runtime/prg/prg.h"

#include <check.h>
#include <pthread.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static _Thread_local struct cn_prg INSECURE_randomness;

static const char *seeded_name(void)
{
    return "INSECURE seeded for tests";
}
static void seeded_bytes(void *out, size_t n)
{
    cn_prg_bytes(&INSECURE_randomness, out, n);
}
static uint32_t seeded_word(void)
{
    return (uint32_t)cn_prg_u64(&INSECURE_randomness);
}
static struct randombytes_implementation seeded = {.implementation_name = seeded_name, .random = seeded_word, .buf = seeded_bytes};

enum { CLIENT, SERVER };
static unsigned char secret_key[32], public_key[32];

static void reseed(unsigned char role)
{
    cn_prg_init(&INSECURE_randomness, (const unsigned char[32]){role, 77});
}

static void setup(void)
{
    randombytes_set_implementation(&seeded);
    ck_assert_int_ge(sodium_init(), 0);
    reseed(9);
    crypto_kx_keypair(public_key, secret_key);
}

static enum cnas_status open_chan(struct cn_chan **c, int role, int fd, double deadline_s, struct cnas_error *e)
{
    return role == CLIENT ? cn_chan_secure_client(c, fd, public_key, deadline_s, e)
                          : cn_chan_secure_server(c, fd, secret_key, public_key, deadline_s, e);
}

/* Handshake, the client's "ping!", the server's "pong!", then `closer` says goodbye and the other notices.
 * Returns CNAS_OK only if this side saw exactly that. */
static enum cnas_status session(int role, int closer, int fd, struct cnas_error *e)
{
    struct cn_chan *c;
    char text[6] = "";
    reseed((unsigned char)role);
    enum cnas_status status = open_chan(&c, role, fd, 5, e);
    if (status != CNAS_OK)
        return status;
    if (role == CLIENT) {
        status = cn_chan_send(c, "ping!", 5);
        if (status == CNAS_OK)
            status = cn_chan_recv(c, text, 5);
    } else {
        status = cn_chan_recv(c, text, 5);
        if (status == CNAS_OK)
            status = cn_chan_send(c, "pong!", 5);
        if (status == CNAS_OK)
            status = cn_chan_flush(c);
    }
    if (status == CNAS_OK && strcmp(text, role == CLIENT ? "pong!" : "ping!") != 0)
        ck_abort_msg("altered bytes were accepted");
    if (status == CNAS_OK && role != closer) {
        status = cn_chan_recv(c, text, 1);
        ck_assert_int_ne(status, CNAS_OK);
        if (status == CNAS_E_CLOSED && strcmp(cn_chan_error(c)->text, "the peer ended the session") == 0)
            status = CNAS_OK;
    }
    if (status != CNAS_OK)
        *e = *cn_chan_error(c);
    cn_chan_free(&c);
    return status;
}

struct side {
    int role, closer, fd;
    enum cnas_status status;
    struct cnas_error error;
};
static void *run_side(void *arg)
{
    struct side *s = arg;
    s->status = session(s->role, s->closer, s->fd, &s->error);
    return NULL;
}

/* What the role's peer says in a session that the peer ends. Both sides run once, with a recorder between them. */
static size_t record(int role, unsigned char *bytes, size_t room)
{
    int left[2], right[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, left), 0);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, right), 0);
    struct side me = {.role = role, .closer = 1 - role, .fd = left[1]};
    struct side peer = {.role = 1 - role, .closer = 1 - role, .fd = right[1]};
    pthread_t t[2];
    size_t n = 0;
    pthread_create(&t[0], NULL, run_side, &me);
    pthread_create(&t[1], NULL, run_side, &peer);
    for (bool open_left = true, open_right = true; open_left || open_right;) { /* a relay */
        unsigned char some[256];
        ssize_t r = recv(left[0], some, sizeof some, MSG_DONTWAIT);
        if (r > 0)
            (void)!send(right[0], some, (size_t)r, MSG_NOSIGNAL);
        else if (r == 0)
            open_left = false;
        r = recv(right[0], some, sizeof some, MSG_DONTWAIT);
        if (r > 0) {
            ck_assert_uint_le(n + (size_t)r, room);
            memcpy(bytes + n, some, (size_t)r);
            n += (size_t)r;
            (void)!send(left[0], some, (size_t)r, MSG_NOSIGNAL);
        } else if (r == 0) {
            open_right = false;
            shutdown(left[0], SHUT_WR);
        }
        usleep(200);
    }
    pthread_join(t[0], NULL);
    pthread_join(t[1], NULL);
    close(left[0]);
    close(right[0]);
    ck_assert_msg(me.status == CNAS_OK, "%s", me.error.text);
    ck_assert_msg(peer.status == CNAS_OK, "%s", peer.error.text);
    return n;
}

static enum cnas_status replay(int role, const unsigned char *bytes, size_t n, struct cnas_error *e)
{
    int fd[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    ck_assert_int_eq(send(fd[0], bytes, n, 0), (ssize_t)n);
    shutdown(fd[0], SHUT_WR);
    memset(e, 0, sizeof *e);
    enum cnas_status status = session(role, 1 - role, fd[1], e);
    close(fd[0]);
    return status;
}

START_TEST(every_flipped_bit_is_refused)
{
    unsigned char bytes[512];
    struct cnas_error e;
    size_t n = record(_i, bytes, sizeof bytes);
    ck_assert_int_eq(replay(_i, bytes, n, &e), CNAS_OK); /* the recording itself is good */
    for (size_t bit = 0; bit < 8 * n; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        enum cnas_status status = replay(_i, bytes, n, &e);
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        ck_assert_msg(status == CNAS_E_AUTH || status == CNAS_E_PROTOCOL || status == CNAS_E_CLOSED, "bit %zu: status %d", bit,
                      (int)status);
        ck_assert_int_eq(e.status, status);
        ck_assert_uint_gt(strlen(e.text), 10);
    }
}
END_TEST

START_TEST(every_cut_is_noticed)
{
    unsigned char bytes[512];
    struct cnas_error e;
    size_t n = record(_i, bytes, sizeof bytes);
    for (size_t cut = 0; cut < n; cut++) {
        ck_assert_int_eq(replay(_i, bytes, cut, &e), CNAS_E_CLOSED);
        ck_assert_ptr_nonnull(strstr(e.text, "hung up"));
    }
}
END_TEST

START_TEST(repeated_and_reordered_records_are_refused)
{
    /* the client's stream: 40 + 56 bytes of handshake, a record of 4 + 5 + 17, the goodbye of 4 + 17 */
    unsigned char bytes[512], other[512];
    struct cnas_error e;
    size_t n = record(SERVER, bytes, sizeof bytes), first = 40 + 56;
    ck_assert_uint_eq(n, first + 26 + 21);
    memcpy(other, bytes, first + 26);
    memcpy(other + first + 26, bytes + first, 26);
    ck_assert_int_eq(replay(SERVER, other, first + 52, &e), CNAS_E_AUTH);
    memcpy(other + first, bytes + first + 26, 21);
    memcpy(other + first + 21, bytes + first, 26);
    ck_assert_int_eq(replay(SERVER, other, n, &e), CNAS_E_AUTH);
    memcpy(other, bytes, first);
    ck_assert_int_eq(replay(SERVER, other, first + 21, &e), CNAS_E_AUTH); /* the record left out */
}
END_TEST

START_TEST(noise_instead_of_a_handshake)
{
    struct cn_prg g;
    struct cnas_error e;
    unsigned char bytes[4096];
    cn_prg_init(&g, (const unsigned char[32]){5});
    for (int i = 0; i < 200; i++) {
        size_t n = cn_prg_u64(&g) % sizeof bytes;
        cn_prg_bytes(&g, bytes, n);
        if (i % 2)
            memcpy(bytes, "cnasnet\1", 8);
        enum cnas_status status = replay(_i, bytes, i % 2 && n < 8 ? 8 : n, &e);
        ck_assert(status == CNAS_E_PROTOCOL || status == CNAS_E_AUTH || status == CNAS_E_CLOSED);
    }
    ck_assert_int_eq(replay(_i, (const unsigned char *)"GET / HTTP/1.1\r\n\r\n", 18, &e), CNAS_E_PROTOCOL);
    ck_assert_ptr_nonnull(strstr(e.text, "not a cnas program"));
    ck_assert_int_eq(replay(_i, (const unsigned char *)"cnasnet\2", 8, &e), CNAS_E_PROTOCOL);
    ck_assert_ptr_nonnull(strstr(e.text, "version 2"));
    /* points of small order: no shared secret */
    memcpy(bytes, "cnasnet\1", 8);
    memset(bytes + 8, 0, 200);
    ck_assert_int_eq(replay(_i, bytes, 208, &e), CNAS_E_AUTH);
}
END_TEST

START_TEST(wrong_key)
{
    int fd[2];
    struct cnas_error e;
    struct cn_chan *c;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    struct side server = {.role = SERVER, .closer = CLIENT, .fd = fd[1]};
    pthread_t t;
    pthread_create(&t, NULL, run_side, &server);
    unsigned char other[32], unused[32];
    reseed(3);
    crypto_kx_keypair(other, unused);
    ck_assert_int_eq(cn_chan_secure_client(&c, fd[0], other, 5, &e), CNAS_E_AUTH);
    ck_assert_ptr_null(c);
    ck_assert_ptr_nonnull(strstr(e.text, "pinned key"));
    pthread_join(t, NULL);
    ck_assert_int_eq(server.status, CNAS_E_CLOSED);
    ck_assert_ptr_nonnull(strstr(server.error.text, "another server key"));
}
END_TEST

START_TEST(a_silent_peer_is_a_timeout)
{
    int fd[2];
    struct cnas_error e;
    struct cn_chan *c;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    reseed(4);
    double start = cn_clock_s();
    ck_assert_int_eq(open_chan(&c, _i, fd[1], 0.1, &e), CNAS_E_TIMEOUT);
    ck_assert_int_eq(e.status, CNAS_E_TIMEOUT);
    ck_assert(cn_clock_s() - start > 0.09);
    ck_assert(cn_clock_s() - start < 3);
    close(fd[0]);
}
END_TEST

/* A peer that sends a byte now and then does not hold a deadline off. */
static void *drip(void *arg)
{
    const char greeting[] = "cnasnet\1................................";
    int fd = *(int *)arg;
    for (size_t i = 0; i < sizeof greeting && send(fd, &greeting[i], 1, MSG_NOSIGNAL) == 1; i++)
        usleep(20000);
    return NULL;
}
START_TEST(a_dripping_peer_is_a_timeout)
{
    int fd[2];
    struct cnas_error e;
    struct cn_chan *c;
    pthread_t t;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    reseed(4);
    pthread_create(&t, NULL, drip, &fd[0]);
    double start = cn_clock_s();
    ck_assert_int_eq(open_chan(&c, SERVER, fd[1], 0.1, &e), CNAS_E_TIMEOUT);
    ck_assert(cn_clock_s() - start < 0.7);
    pthread_join(t, NULL);
    close(fd[0]);
}
END_TEST

/* The same after the handshake, in records that are whole but hold one byte each. */
static void *drip_records(void *arg)
{
    struct side *s = arg;
    struct cn_chan *c;
    reseed(6);
    s->status = open_chan(&c, s->role, s->fd, 5, &s->error);
    for (int i = 0; i < 100 && s->status == CNAS_OK; i++) {
        s->status = cn_chan_send(c, "x", 1);
        if (s->status == CNAS_OK)
            s->status = cn_chan_flush(c);
        usleep(20000);
    }
    cn_chan_free(&c);
    return NULL;
}
START_TEST(dripping_records_are_a_timeout)
{
    int fd[2];
    struct cnas_error e;
    struct cn_chan *c;
    pthread_t t;
    unsigned char bytes[100];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    struct side client = {.role = CLIENT, .fd = fd[0]};
    pthread_create(&t, NULL, drip_records, &client);
    reseed(7);
    ck_assert_int_eq(open_chan(&c, SERVER, fd[1], 0.3, &e), CNAS_OK);
    double start = cn_clock_s();
    ck_assert_int_eq(cn_chan_recv(c, bytes, sizeof bytes), CNAS_E_TIMEOUT);
    ck_assert(cn_clock_s() - start < 1.2);
    cn_chan_free(&c);
    pthread_join(t, NULL);
}
END_TEST

enum { VOLUME = 24 << 20 };
static void *fill(void *arg)
{
    struct side *s = arg;
    struct cn_chan *c;
    unsigned char *bytes = malloc(VOLUME);
    reseed(6);
    s->status = open_chan(&c, s->role, s->fd, 5, &s->error);
    struct cn_prg g;
    cn_prg_init(&g, (const unsigned char[32]){6});
    cn_prg_bytes(&g, bytes, VOLUME);
    if (s->status == CNAS_OK)
        s->status = cn_chan_send(c, bytes, 1000); /* so that nothing is aligned */
    if (s->status == CNAS_OK)
        s->status = cn_chan_send(c, bytes + 1000, VOLUME - 1000);
    if (s->status == CNAS_OK)
        s->status = cn_chan_flush(c);
    cn_chan_free(&c);
    free(bytes);
    return NULL;
}
START_TEST(volume)
{
    int fd[2];
    struct cnas_error e;
    struct cn_chan *c;
    pthread_t t;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    struct side server = {.role = SERVER, .fd = fd[1]};
    pthread_create(&t, NULL, fill, &server);
    reseed(7);
    ck_assert_int_eq(open_chan(&c, CLIENT, fd[0], 5, &e), CNAS_OK);
    unsigned char *want = malloc(VOLUME), *got = malloc(VOLUME);
    struct cn_prg g;
    cn_prg_init(&g, (const unsigned char[32]){6});
    cn_prg_bytes(&g, want, VOLUME);
    ck_assert_int_eq(cn_chan_recv(c, got, 10), CNAS_OK);
    ck_assert_int_eq(cn_chan_recv(c, got + 10, 5000000), CNAS_OK);
    ck_assert_int_eq(cn_chan_recv(c, got + 5000010, VOLUME - 5000010), CNAS_OK);
    ck_assert(memcmp(want, got, VOLUME) == 0);
    struct cn_chan_counters n = cn_chan_counters(c);
    ck_assert_uint_ge(n.received, VOLUME);
    ck_assert_uint_lt(n.received, VOLUME + VOLUME / 1000); /* framing costs less than a thousandth */
    pthread_join(t, NULL);
    ck_assert_int_eq(server.status, CNAS_OK);
    cn_chan_free(&c);
    free(want);
    free(got);
}
END_TEST

/* Nothing that is sent shows on the wire, and two sessions have no keys in common. */
START_TEST(the_wire_shows_nothing)
{
    unsigned char a[512], b[512];
    size_t n = record(SERVER, a, sizeof a);
    for (size_t i = 0; i + 5 <= n; i++)
        ck_assert(memcmp(a + i, "ping!", 5) != 0);
    crypto_kx_keypair(public_key, secret_key); /* another server: other keys for the same randomness of both sides */
    ck_assert_uint_eq(record(SERVER, b, sizeof b), n);
    ck_assert_mem_eq(a, b, 40); /* the ephemeral key: same randomness */
    ck_assert(memcmp(a + 64, b + 64, 32) != 0);
    ck_assert(memcmp(a + 100, b + 100, n - 100) != 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("net/secure");
    TCase *t = tcase_create("all");
    tcase_add_checked_fixture(t, setup, NULL);
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, every_flipped_bit_is_refused, 0, 2);
    tcase_add_loop_test(t, every_cut_is_noticed, 0, 2);
    tcase_add_test(t, repeated_and_reordered_records_are_refused);
    tcase_add_loop_test(t, noise_instead_of_a_handshake, 0, 2);
    tcase_add_test(t, wrong_key);
    tcase_add_loop_test(t, a_silent_peer_is_a_timeout, 0, 2);
    tcase_add_test(t, a_dripping_peer_is_a_timeout);
    tcase_add_test(t, dripping_records_are_a_timeout);
    tcase_add_test(t, volume);
    tcase_add_test(t, the_wire_shows_nothing);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
