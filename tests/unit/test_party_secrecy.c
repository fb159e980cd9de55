/* What the client sends shows nothing: no part of it comes twice, and masked images look like random bytes. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/net/chan.h"
#include "runtime/net/kind.h"
#include "tests/support/world.h"

static struct { /* of the client in the session under test */
    unsigned char *bytes;
    size_t n, room;
    struct cn_chan *inner;
} tap;

static enum cnas_status tap_send(void *self, const unsigned char *bytes, size_t n, struct cn_chan_counters *count, struct cnas_error *err)
{
    (void)self;
    if (tap.n + n > tap.room)
        ck_assert_ptr_nonnull(tap.bytes = realloc(tap.bytes, tap.room = 2 * (tap.n + n)));
    memcpy(tap.bytes + tap.n, bytes, n);
    tap.n += n;
    count->sent += n;
    enum cnas_status status = cn_chan_send(tap.inner, bytes, n);
    if (status == CNAS_OK)
        status = cn_chan_flush(tap.inner);
    if (status != CNAS_OK)
        *err = *cn_chan_error(tap.inner);
    return status;
}
static enum cnas_status tap_receive(void *self, unsigned char *bytes, size_t n, size_t *got, struct cn_chan_counters *count,
                                    struct cnas_error *err)
{
    (void)self;
    *got = n;
    count->received += n;
    enum cnas_status status = cn_chan_recv(tap.inner, bytes, n);
    if (status != CNAS_OK)
        *err = *cn_chan_error(tap.inner);
    return status;
}
static enum cnas_status tap_wait(void *self, double seconds, struct cn_chan_counters *count, struct cnas_error *err)
{
    (void)self, (void)count, (void)err;
    return cn_chan_wait(tap.inner, seconds);
}
static void tap_close(void *self, bool cleanly)
{
    (void)self, (void)cleanly;
    cn_chan_free(&tap.inner);
}
static void tap_free(void *self)
{
    (void)self;
}
static struct cn_chan *tapped(struct cn_chan *inner)
{
    static const struct cn_chan_kind kind = {tap_send, tap_receive, tap_wait, tap_close, tap_free};
    const struct cn_chan_counters none = {0};
    struct cn_chan *out;
    tap.inner = inner;
    ck_assert_int_eq(cn_chan_new(&out, &kind, &tap, &none, NULL), CNAS_OK);
    return out;
}

enum { WINDOW = 12 };
static int compare_windows(const void *a, const void *b)
{
    return memcmp(*(const unsigned char *const *)a, *(const unsigned char *const *)b, WINDOW);
}

/* The same image ten times: no 12 bytes that the client sends ever come twice, though its messages say the same. (A chance hit
 * among n windows has probability below n^2 / 2^97.) */
START_TEST(nothing_comes_twice)
{
    struct world w;
    world_init(&w, TINY_PLAIN, 32, 8);
    tiny_image(&w.t, w.image, 1);
    for (int session = 0; session < 2; session++) {
        size_t greeting = tap.n;
        world_connect(&w, NULL, tapped);
        memmove(tap.bytes + greeting, tap.bytes + greeting + 40, tap.n - greeting - 40); /* the hello is the same, and should be */
        tap.n -= 40;
        for (int i = 0; i < 5; i++) {
            offline(&w);
            online(&w, 1);
        }
        world_leave(&w);
    }
    size_t n = tap.n - WINDOW + 1;
    const unsigned char **at = malloc(n * sizeof *at);
    for (size_t i = 0; i < n; i++)
        at[i] = tap.bytes + i;
    qsort(at, n, sizeof *at, compare_windows);
    size_t twice = 0;
    for (size_t i = 1; i < n; i++)
        twice += memcmp(at[i - 1], at[i], WINDOW) == 0;
    ck_assert_uint_eq(twice, 0);
    ck_assert_uint_gt(n, 10000);
    free(at);
    free(tap.bytes);
    world_clear(&w);
}
END_TEST

/* Bytes of the masked image over many runs of one black image: as even as random bytes. Chi-square with 255 degrees of freedom
 * has mean 255 and standard deviation 22.6: the bounds are more than 6 deviations away. */
START_TEST(masked_images_look_random)
{
    struct world w;
    double count[256] = {0}, total = 0, chi = 0;
    world_init(&w, TINY_PLAIN, 32, 8);
    world_connect(&w, NULL, tapped);
    for (int i = 0; i < 60; i++) {
        offline(&w);
        size_t before = tap.n + 1; /* the request */
        ck_assert_int_eq(cnas_client_online_begin(w.client, w.image), CNAS_OK);
        ck_assert_uint_eq(tap.n - before, 25 * 32 / 8);
        for (size_t k = before; k < tap.n; k++, total++)
            count[tap.bytes[k]]++;
        ck_assert_int_eq(cnas_client_online_activate(w.client, 1), CNAS_OK);
        ck_assert_int_eq(cnas_client_online_reveal(w.client, 2, w.got), CNAS_OK);
    }
    for (int v = 0; v < 256; v++)
        chi += (count[v] - total / 256) * (count[v] - total / 256) / (total / 256);
    ck_assert_msg(chi > 110 && chi < 410, "chi-square %g over %g bytes", chi, total);
    world_leave(&w);
    free(tap.bytes);
    world_clear(&w);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("party/secrecy");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, nothing_comes_twice);
    tcase_add_test(t, masked_images_look_random);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
