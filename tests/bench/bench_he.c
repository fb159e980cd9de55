/* Speed and bytes of the homomorphic linear layers, one thread: the NTT, then convolutions, each party's steps apart. Beside them
 * what Cheetah (OpenCheetah f71d4d4, SEAL 3.7.2 with AVX-512 IFMA) took for the same layer on an AMD EPYC (Zen 5): ring 2^37, one
 * thread per party over loopback, weights encoded inside the time, all steps in one figure.
 * Usage: bench_he [RING_BITS]     (default: 37) */
#include "runtime/base/clock.h"
#include "runtime/he/he.h"
#include "runtime/he/params.h"

#include <stdio.h>
#include <stdlib.h>

static const struct layer {
    uint32_t c, hw, k, kernel, out;
    double cheetah_ms, cheetah_mb; /* 0: not measured */
} layers[] = {
    {3, 32, 64, 3, 32, 49, 2.44},   {64, 32, 64, 3, 32, 161, 3.75}, {128, 16, 128, 3, 16, 178, 4.80},
    {256, 8, 256, 3, 8, 277, 8.32}, {512, 4, 512, 3, 4, 519, 15.9}, {512, 1, 100, 1, 1, 8, 0.34},
    {1, 28, 6, 3, 28, 0, 0},        {6, 28, 6, 3, 28, 0, 0},        {24, 14, 24, 3, 14, 0, 0},
    {96, 7, 96, 3, 7, 0, 0},        {96, 7, 10, 7, 1, 0, 0},
};

static double now_ms(void)
{
    return 1e3 * cn_clock_s();
}

static void *need_memory(size_t count, size_t size)
{
    void *p = calloc(count, size);
    if (!p)
        exit(1);
    return p;
}

static void need_ok(enum cnas_status status)
{
    if (status != CNAS_OK) {
        printf("%s\n", cnas_status_text(status));
        exit(1);
    }
}

static void bench_ntt(unsigned id)
{
    const struct cn_he_params *p = cn_he_params_by_id(id);
    uint64_t *x = need_memory(p->n, sizeof *x);
    double best[2] = {1e9, 1e9};
    for (int run = 0; run < 200; run++) {
        double t0 = now_ms();
        cn_he_ntt_forward(x, p->ntt[0]);
        double t1 = now_ms();
        cn_he_ntt_inverse(x, p->ntt[0]);
        double t2 = now_ms();
        best[0] = t1 - t0 < best[0] ? t1 - t0 : best[0];
        best[1] = t2 - t1 < best[1] ? t2 - t1 : best[1];
    }
    printf("NTT %zu, %u-bit prime: forward %.1f us, inverse %.1f us\n", p->n, p->ntt[0]->mod.bits, 1e3 * best[0], 1e3 * best[1]);
    free(x);
}

static void bench_layer(const struct layer *l, unsigned ring_bits, struct cn_prg *prg)
{
    struct cn_he_term_shape t = {.k = l->k, .oh = l->out, .ow = l->out, .kh = l->kernel, .kw = l->kernel, .stride = 1};
    t.pad_y = t.pad_x = l->out == 1 ? 0 : (int32_t)l->kernel / 2;
    size_t values = (size_t)l->k * l->out * l->out, n_w = (size_t)l->k * l->c * l->kernel * l->kernel;
    struct cn_he_need need = {.ring_bits = ring_bits, .weight_bits = 8, .max_taps = n_w / l->k, .reply_values = 300000};
    const char *why;
    const struct cn_he_params *p = cn_he_params_pick(&need, &why);
    if (!p) {
        printf("%s\n", why);
        exit(1);
    }
    need_ok(cn_he_map_init(&t.map, p, l->c, l->hw, l->hw, cn_he_term_gap(l->hw, l->hw, &t)));
    size_t up = cn_he_map_bytes(p, &t.map), down = cn_he_reply_bytes(p, &t, ring_bits), n_r = (size_t)l->c * l->hw * l->hw;
    uint64_t *r = need_memory(n_r, sizeof *r), *share = need_memory(values, sizeof *share), *out = need_memory(values, sizeof *out);
    int32_t *w = need_memory(n_w, sizeof *w);
    unsigned char *sent = need_memory(up, 1), *reply = need_memory(down, 1), *key_bytes = need_memory(cn_he_public_bytes(p), 1);
    for (size_t i = 0; i < n_r; i++)
        r[i] = cn_prg_u64(prg);
    for (size_t i = 0; i < n_w; i++)
        w[i] = (int32_t)(cn_prg_u64(prg) % 255) - 127;
    struct cn_he_secret *s;
    struct cn_he_public *key;
    need_ok(cn_he_keygen(&s, p, prg));
    cn_he_public_write(key_bytes, s);
    need_ok(cn_he_public_read(&key, p, key_bytes));

    double best[5] = {1e9, 1e9, 1e9, 1e9, 1e9};
    for (int run = 0; run < 3; run++) {
        struct cn_he_weights *weights;
        struct cn_he_ciphers *ciphers;
        double at[6] = {now_ms()};
        need_ok(cn_he_weights_new(&weights, p, &t, w));
        at[1] = now_ms();
        need_ok(cn_he_encrypt_map(sent, s, &t.map, r, ring_bits, prg));
        at[2] = now_ms();
        need_ok(cn_he_ciphers_read(&ciphers, p, &t.map, sent, up));
        at[3] = now_ms();
        const struct cn_he_term_shape *shapes = &t;
        const struct cn_he_weights *const_weights = weights;
        const struct cn_he_ciphers *const_ciphers = ciphers;
        need_ok(cn_he_reply(reply, p, key, &shapes, &const_weights, &const_ciphers, 1, share, &need, prg));
        at[4] = now_ms();
        need_ok(cn_he_reply_open(out, s, &t, reply, down, ring_bits));
        at[5] = now_ms();
        for (int i = 0; i < 5; i++)
            best[i] = at[i + 1] - at[i] < best[i] ? at[i + 1] - at[i] : best[i];
        cn_he_weights_free(&weights);
        cn_he_ciphers_free(&ciphers);
    }
    char name[64];
    snprintf(name, sizeof name, "%u->%u %ux%u k%u", l->c, l->k, l->hw, l->hw, l->kernel);
    printf("%-20s %3u %8.1f %8.1f %8.1f %8.1f %8.1f %9.2f %9.2f", name, cn_he_params_id(p), best[0], best[1], best[2], best[3], best[4],
           (double)up / 1e6, (double)down / 1e6);
    if (l->cheetah_ms > 0)
        printf(" %9.1f %9.0f %9.2f", best[0] + best[1] + best[2] + best[3] + best[4], l->cheetah_ms, l->cheetah_mb);
    printf("\n");
    fflush(stdout);
    free(r);
    free(share);
    free(out);
    free(w);
    free(sent);
    free(reply);
    free(key_bytes);
    cn_he_secret_free(&s);
    cn_he_public_free(&key);
}

int main(int argc, char **argv)
{
    unsigned ring_bits = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 37;
    if (ring_bits < 16 || ring_bits > 60) {
        fprintf(stderr, "usage: bench_he [RING_BITS]     16 to 60\n");
        return 2;
    }
    struct cn_prg prg;
    cn_prg_init_os(&prg);
    for (unsigned id = 1; id <= 3; id++)
        bench_ntt(id);
    printf("ring 2^%u, 8-bit weights, one thread, ms and MB\n", ring_bits);
    printf("%-20s %3s %8s %8s %8s %8s %8s %9s %9s %9s %9s %9s\n", "layer", "set", "weights", "encrypt", "read", "reply", "open", "MB up",
           "MB down", "all ms", "Cheetah", "its MB");
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        bench_layer(&layers[i], ring_bits, &prg);
    return 0;
}
