/* What a garbled activation costs: bench_gc [ELEMENTS [BITS [SHIFT]]], default 65536 32 12.
 * For every AES that this CPU has: garbling and evaluating alone, on one core from memory; then whole runs between two threads
 * over an in-memory channel, offline and online. The best of several repetitions is printed. */
#include "runtime/base/clock.h"
#include "runtime/gc/wire.h"
#include "runtime/prg/aes.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { REPEAT = 5 };

static void keep_least(double *least, double value)
{
    if (*least == 0 || value < *least)
        *least = value;
}

static void *room(size_t count, size_t size)
{
    void *p = calloc(count + 1, size);
    if (!p) {
        fprintf(stderr, "bench_gc: no memory\n");
        exit(1);
    }
    return p;
}

/* Garbles and evaluates n elements whose labels are already there. As in the protocol, garbled tables go to one buffer and
 * evaluated ones come from memory; what they hold does not matter to the time. */
static void local(const struct cn_gc_spec *s, double *garble, double *evaluate)
{
    struct cn_gc_circuit c;
    cn_gc_circuit_make(&c, s);
    size_t n = s->n / CN_GC_LANES * CN_GC_LANES, blocks = cn_gc_table_blocks(&c);
    cn_block *client = room(n * 2 * s->bits, sizeof *client), *server = room(n * s->bits, sizeof *server);
    cn_block *table = room(n * blocks, sizeof *table), *rest = room(CN_GC_LANES * cn_gc_rest_wires(&c), sizeof *rest);
    uint64_t *out = room(n, sizeof *out);
    struct cn_aes_stream labels = {.key = {{1, 2}}};
    cn_aes_stream(&labels, table, n * blocks);
    cn_aes_stream(&labels, client, n * 2 * s->bits);
    cn_aes_stream(&labels, server, n * s->bits);
    for (int i = 0; i < 2 * REPEAT; i++) {
        struct cn_gc_group g = {.circuit = &c, .lanes = CN_GC_LANES, .start = {{3, 4}}};
        double start = cn_clock_s();
        for (size_t k = 0; k < n; k += CN_GC_LANES) {
            cn_gc_group_wires(&g, client + k * 2 * s->bits, server + k * s->bits, rest);
            if (i % 2)
                cn_gc_evaluate(&g, out + k, table + k * blocks);
            else
                cn_gc_garble(&g, table, out + k, (cn_block){{5, 6}});
        }
        keep_least(i % 2 ? evaluate : garble, (cn_clock_s() - start) / (double)n);
    }
    free(client);
    free(server);
    free(table);
    free(rest);
    free(out);
}

struct side {
    const struct cn_gc_spec *spec;
    uint64_t *values, *r;
    struct cn_chan *chan;
    enum cnas_status status;
    double setup, offline, online; /* seconds for each element; setup: seconds */
};

static void *serve(void *self)
{
    struct side *side = self;
    struct cn_chan *chan = side->chan;
    struct cn_prg g;
    struct cn_cot_sender *ot;
    struct cn_gc_garbled *garbled;
    cn_prg_init_os(&g);
    double t0 = cn_clock_s(), n = (double)side->spec->n;
    enum cnas_status status = cn_cot_sender_new(&ot, chan, &g);
    keep_least(&side->setup, cn_clock_s() - t0);
    for (int i = 0; i < REPEAT && status == CNAS_OK; i++) {
        t0 = cn_clock_s();
        status = cn_gc_garble_offline(&garbled, side->spec, ot, chan, &g);
        double t1 = cn_clock_s();
        if (status == CNAS_OK)
            status = cn_gc_garble_online(&garbled, side->values, side->values, chan);
        keep_least(&side->offline, (t1 - t0) / n);
        keep_least(&side->online, (cn_clock_s() - t1) / n);
    }
    if (ot)
        cn_cot_sender_free(&ot);
    side->status = status;
    return NULL;
}

static void *ask(void *self)
{
    struct side *side = self;
    struct cn_chan *chan = side->chan;
    struct cn_prg g;
    struct cn_cot_receiver *ot;
    struct cn_gc_evaluable *evaluable;
    cn_prg_init_os(&g);
    double t0 = cn_clock_s(), n = (double)side->spec->n;
    enum cnas_status status = cn_cot_receiver_new(&ot, chan, &g);
    keep_least(&side->setup, cn_clock_s() - t0);
    for (int i = 0; i < REPEAT && status == CNAS_OK; i++) {
        t0 = cn_clock_s();
        status = cn_gc_evaluate_offline(&evaluable, side->spec, side->values, side->r, ot, chan);
        double t1 = cn_clock_s();
        if (status == CNAS_OK)
            status = cn_gc_evaluate_online(&evaluable, chan);
        keep_least(&side->offline, (t1 - t0) / n);
        keep_least(&side->online, (cn_clock_s() - t1) / n);
    }
    if (ot)
        cn_cot_receiver_free(&ot);
    side->status = status;
    return NULL;
}

static size_t argument(int argc, char **argv, int i, size_t otherwise)
{
    return argc > i ? (size_t)strtoul(argv[i], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    struct cn_gc_spec s = {argument(argc, argv, 1, 65536), (unsigned)argument(argc, argv, 2, 32),
                           (unsigned)argument(argc, argv, 3, 12), true};
    if (s.n < CN_GC_LANES || s.n > CN_GC_N_MAX || s.bits < 2 || s.bits > 64 || s.shift >= s.bits) {
        fprintf(stderr, "usage: bench_gc [ELEMENTS [BITS [SHIFT]]], ELEMENTS 32..%d, BITS 2..64, SHIFT < BITS\n", CN_GC_N_MAX);
        return 2;
    }
    struct cn_gc_bytes b = cn_gc_bytes(&s);
    double n = (double)s.n, ands = (double)cn_gc_and_gates(&s);
    printf("%zu ReLUs, l = %u, shift = %u: %.0f ANDs each; bytes each: offline %.0f up %.0f down, online %.0f down %.1f up\n",
           s.n, s.bits, s.shift, ands, (double)b.offline_to_server / n, (double)b.offline_to_client / n,
           (double)b.online_to_client / n, (double)b.online_to_server / n);
    printf("%-10s %29s %29s %13s %13s\n", "", "garble", "evaluate", "offline", "online");
    for (enum cn_aes_kind kind = 0; kind < CN_AES_KINDS; kind++) {
        if (!cn_aes_supported(kind))
            continue;
        cn_aes_use(kind);
        double garble = 0, evaluate = 0;
        local(&s, &garble, &evaluate);
        struct side server = {.spec = &s}, client = {.spec = &s};
        server.values = room(s.n, sizeof(uint64_t));
        client.values = room(s.n, sizeof(uint64_t));
        client.r = room(s.n, sizeof(uint64_t));
        pthread_t thread;
        if (cn_chan_pair(&server.chan, &client.chan, 60) != CNAS_OK || pthread_create(&thread, NULL, ask, &client) != 0) {
            fprintf(stderr, "bench_gc: no memory\n");
            return 1;
        }
        serve(&server);
        pthread_join(thread, NULL);
        cn_chan_free(&server.chan);
        cn_chan_free(&client.chan);
        if (server.status != CNAS_OK || client.status != CNAS_OK) {
            fprintf(stderr, "bench_gc: %s, %s\n", cnas_status_text(server.status), cnas_status_text(client.status));
            return 1;
        }
        printf("%-10s %6.3f us %6.1f M AND/s %7.3f us %6.1f M AND/s %10.3f us %10.3f us   OT set-up %.1f ms\n", cn_aes()->name,
               1e6 * garble, ands / garble / 1e6, 1e6 * evaluate, ands / evaluate / 1e6,
               1e6 * (server.offline > client.offline ? server.offline : client.offline),
               1e6 * (server.online > client.online ? server.online : client.online),
               1e3 * (server.setup > client.setup ? server.setup : client.setup));
        free(server.values);
        free(client.values);
        free(client.r);
    }
    return 0;
}
