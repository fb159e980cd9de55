/* How long each pass takes: on CNet3 in all its forms, and on networks of 2,000 to 200,000 operators, where the time per operator
 * shows whether it grows with the size.   bench_passes CNASC SAMPLES */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compiler/base/text.h"
#include "compiler/ir/print.h"
#include "compiler/pass/pass.h"

enum { RUNS = 3, SKIPS = 8 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* --- networks --- */

static struct ir_builder *b;

static ir_id node(enum ir_op op, const ir_id *in, uint32_t n_in, struct ir_node attr)
{
    const char *why = "";
    const ir_id id = ir_build(b, op, "", in, n_in, &attr, (struct site){0}, &why);
    if (id == IR_NONE)
        bug(why);
    return id;
}

static ir_id one(enum ir_op op, ir_id x)
{
    return node(op, &x, 1, (struct ir_node){.keep = false});
}

static ir_id conv(ir_id x, int64_t channels, int64_t kernel)
{
    const ir_id y =
        node(IR_CONV, &x, 1, (struct ir_node){.conv = {channels, kernel, kernel, 1, kernel / 2, kernel / 2, 1, 1, false}});
    return node(IR_BATCH_NORM, &y, 1, (struct ir_node){.batch_norm = {1e-5, 0.9}});
}

/* A CNet with a ReLU on the skips: concats of what a layer made and of older maps. */
static ir_id skips(ir_id x, uint32_t n)
{
    ir_id *maps = malloc((n + 1) * sizeof *maps), last = maps[0] = conv(x, 4, 3);
    uint64_t state = 1;
    for (uint32_t k = 1; ir_builder_count(b) < n; k++) {
        ir_id in[SKIPS + 1] = {conv(one(IR_RELU, last), 4, 3)};
        uint32_t n_in = 1;
        for (uint32_t i = 0; i < SKIPS && i < k; i++) {
            state = state * 6364136223846793005u + 1442695040888963407u; /* Knuth's MMIX */
            in[n_in++] = maps[(state >> 33) % k];
        }
        last = maps[k] = conv(one(IR_RELU, node(IR_CONCAT, in, n_in, (struct ir_node){.prune = true})), 4, 1);
    }
    free(maps);
    return last;
}

/* Dense blocks: each layer reads the concat of all before it, which is the concat before that and one map more; blocks of 50. */
static ir_id dense(ir_id x, uint32_t n)
{
    ir_id all = conv(x, 4, 3);
    for (uint32_t k = 1; ir_builder_count(b) < n; k++) {
        const ir_id in[2] = {all, conv(one(IR_RELU, all), 4, 3)};
        all = node(IR_CONCAT, in, 2, (struct ir_node){.keep = false});
        if (k % 50 == 0)
            all = conv(one(IR_RELU, all), 4, 1);
    }
    return all;
}

/* ReLUs among operators that only move elements, in one part from end to end. */
static ir_id moves(ir_id x, uint32_t n)
{
    ir_id h = x;
    while (ir_builder_count(b) < n) {
        const ir_id r = one(IR_RELU, h), s = node(IR_SLICE, &h, 1, (struct ir_node){.slice = {0, 2, 0, 8, 0, 8}}),
                    t = node(IR_SLICE, &r, 1, (struct ir_node){.slice = {1, 2, 0, 8, 0, 8}}), u = one(IR_RELU, s);
        const ir_id p = node(IR_PAD, &t, 1, (struct ir_node){.pad = {1, -1, 0, 0}}),
                    c = node(IR_CONCAT, (const ir_id[]){u, p}, 2, (struct ir_node){.keep = false});
        h = c;
        x = node(IR_ADD, (const ir_id[]){one(IR_GLOBAL_MAX_POOL, h), one(IR_GLOBAL_AVG_POOL, r)}, 2,
                 (struct ir_node){.keep = false});
    }
    return x;
}

static const struct family {
    const char *name;
    ir_id (*build)(ir_id x, uint32_t n);
} families[] = {{"skips", skips}, {"dense", dense}, {"moves", moves}};

static const struct ir_graph *generate(struct arena *a, const struct family *f, uint32_t n)
{
    const char *why;
    b = ir_builder_new(a, "Large");
    const ir_id x = ir_build_input(b, "x", (struct ir_shape){3, 4, 8, 8}, NULL, (struct site){0}, &why);
    ir_builder_output(b, "y", f->build(x, n));
    return ir_builder_finish(b, NULL);
}

static const struct ir_graph *read_sample(struct arena *a, const char *command)
{
    struct text text = text_new(a);
    char buffer[1 << 16];
    FILE *f = popen(command, "r");
    for (size_t n; f && (n = fread(buffer, 1, sizeof buffer, f)) > 0;)
        text_add_bytes(&text, buffer, n);
    struct ir_read_error e = {0};
    const struct ir_graph *g = f && pclose(f) == 0 ? ir_read(a, text_str(&text), text.n, &e) : NULL;
    if (!g) {
        fprintf(stderr, "bench_passes: %s fails\n", command);
        exit(1);
    }
    return g;
}

/* --- measuring --- */

/* All passes that run by themselves, one after another, each on what those before it leave; seconds of each, the best of some
 * runs. */
static void measure(struct arena *a, const char *name, const struct ir_graph *g)
{
    double total = 0;
    printf("%-16s %8u ", name, g->n_nodes);
    for (size_t i = 0; i < pass_count(); i++) {
        static const struct pass_args none;
        const struct pass_info *pass = pass_at(i);
        const struct ir_graph *after = NULL;
        double best = 1e9;
        for (int run = 0; pass->level <= 2 && run < RUNS; run++) {
            struct remarks remarks = {.arena = a};
            struct pass_context c = {.arena = a, .args = &none, .remarks = &remarks, .diag = diag_new(a)};
            const double start = now();
            after = pass->run(&c, g);
            const double seconds = now() - start;
            best = seconds < best ? seconds : best;
        }
        if (!after)
            continue;
        printf(" %9.3f", best * 1e3);
        total += best;
        g = after;
    }
    printf(" %9.3f %8.2f\n", total * 1e3, total * 1e6 / g->n_nodes);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: bench_passes CNASC SAMPLES\n");
        return 2;
    }
    printf("%-16s %8s ", "milliseconds", "nodes");
    for (size_t i = 0; i < pass_count(); i++)
        if (pass_at(i)->level <= 2)
            printf(" %9.9s", pass_at(i)->name);
    printf(" %9s %8s\n", "all", "us/node");
    struct arena *a = arena_new();
    measure(a, "CNet3 released",
            read_sample(a, arena_printf(a, "'%s' build --emit=ir -O0 '%s/paper/cifar100_cnet3.cnas'", argv[1], argv[2])));
    measure(a, "CNet3 unpruned",
            read_sample(a, arena_printf(a, "'%s' build --emit=ir -O0 '%s/paper/cnet_unpruned.cnas' -D classes=100 -D net=3",
                                        argv[1], argv[2])));
    measure(
        a, "CNet3 of ENAS",
        read_sample(a, arena_printf(a,
                                    "'%s' build --emit=ir -O0 '%s/paper/cnet_unpruned.cnas' -D classes=100 -D net=3 -D growth=2 "
                                    "-D one_by_one=true",
                                    argv[1], argv[2])));
    arena_free(&a);
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        for (uint32_t n = 2000; n <= 200000; n *= 10) {
            a = arena_new();
            measure(a, families[i].name, generate(a, &families[i], n));
            arena_free(&a);
        }
    return 0;
}
