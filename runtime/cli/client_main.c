/* NAME-client: classifies images privately on a server. */
#include <cnas/cli.h>

#include "runtime/cli/args.h"
#include "runtime/cli/check.h"
#include "runtime/cli/common.h"
#include "runtime/cli/images.h"
#include "runtime/cli/progress.h"
#include "runtime/cli/report.h"
#include "runtime/cli/tcp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OPERANDS = 4096, MAX_SPECS = 256 };

struct job {
    struct cnas_client *client;
    enum cnas_status (*offline)(struct cnas_client *c);
    enum cnas_status (*online)(struct cnas_client *c, const float *image, int64_t *logits);
    struct cn_check check;
    struct cn_report report;
    int64_t *logits;
};

static struct cnas_phase_stats difference(const struct cnas_phase_stats *a, const struct cnas_phase_stats *b)
{
    return (struct cnas_phase_stats){a->seconds - b->seconds, a->sent - b->sent, a->received - b->received, a->flips - b->flips};
}

static uint32_t largest(const int64_t *v, uint32_t n)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < n; i++)
        best = v[i] > v[best] ? i : best;
    return best;
}

/* Offline runs, `ahead` at a time, then the inferences that they serve. The number done goes to *done. */
static enum cnas_status classify(struct job *j, uint32_t ahead, size_t *done)
{
    size_t n = j->report.images->n;
    struct cnas_private_stats before, after;
    struct cn_progress progress;
    cn_progress_start(&progress);
    cn_report_head(&j->report);
    for (*done = 0; *done < n;) {
        uint32_t batch = n - *done < ahead ? (uint32_t)(n - *done) : ahead;
        for (uint32_t k = 0; k < batch; k++) {
            cn_progress_show(&progress, (double)*done, (double)n, "offline run %zu of %zu", *done + k + 1, n);
            enum cnas_status status = j->offline(j->client);
            if (status != CNAS_OK) {
                cn_progress_clear(&progress);
                return status;
            }
        }
        cn_progress_clear(&progress);
        for (uint32_t k = 0; k < batch; k++, ++*done) {
            struct cn_result *r = &j->report.results[*done];
            const float *image = j->report.images->image[*done].values;
            cnas_client_stats(j->client, &before);
            enum cnas_status status = j->online(j->client, image, j->logits);
            if (status != CNAS_OK)
                return status;
            cnas_client_stats(j->client, &after);
            r->label = largest(j->logits, j->report.m->classes);
            r->online = difference(&after.online, &before.online);
            r->equal = cn_check_image(&j->check, j->report.m, cnas_client_plan(j->client), image, j->logits);
            cn_report_image(&j->report, *done);
        }
    }
    return CNAS_OK;
}

/* What the command line says. */
struct wish {
    const char *address, *key, *data, *check;
    double wait_s, deadline_s;
    uint64_t ahead, count;
    int resize;
};

static int connect_to(struct job *j, const struct wish *w)
{
    unsigned char key[CNAS_KEY_BYTES];
    struct cnas_error err;
    const struct cnas_private_options options = {.deadline_s = w->deadline_s, .max_queue = (uint32_t)w->ahead};
    if (cnas_key_load_public(key, w->key, &err) != CNAS_OK)
        return cn_fail(1, "%s", err.text);
    int fd = cn_tcp_connect(w->address, w->wait_s, &err);
    if (fd < 0 || cnas_client_new(&j->client, j->report.m, fd, key, &options, &err) != CNAS_OK)
        return cn_fail(1, "%s", err.text);
    return 0;
}

static int run(struct job *j, const struct wish *w)
{
    size_t done = 0, n = j->report.images->n;
    uint32_t ahead;
    uint64_t queries;
    struct cnas_private_stats stats;
    int status = cn_check_open(&j->check, j->report.m, w->check);
    if (!status)
        status = connect_to(j, w);
    if (status)
        return status;
    if (cn_check_plan(&j->check, cnas_client_plan(j->client), w->check) != 0)
        return 1;
    cnas_client_limits(j->client, &ahead, &queries);
    if (queries && queries < n)
        return cn_fail(1, "the server answers at most %llu inferences in a session, and %zu images were asked for",
                       (unsigned long long)queries, n);
    if (classify(j, ahead, &done) != CNAS_OK)
        return cn_fail(1, "%zu of %zu images done: %s", done, n, cnas_client_error(j->client)->text);
    cnas_client_stats(j->client, &stats);
    cn_report_end(&j->report, &stats);
    for (size_t i = 0; i < n; i++)
        status |= j->report.results[i].equal == 0;
    return status ? cn_fail(1, "private and clear results differ") : 0;
}

int cnas_client_main(int argc, char **argv, const struct cnas_model *m, enum cnas_status (*offline)(struct cnas_client *c),
                     enum cnas_status (*online)(struct cnas_client *c, const float *image, int64_t *logits))
{
    static const char *operands[MAX_OPERANDS], *specs[MAX_SPECS];
    size_t n_operands;
    struct cn_arg_list index = {.values = specs, .max = MAX_SPECS};
    struct wish w = {.address = "127.0.0.1:7766", .data = cn_default_data(), .wait_s = 5, .deadline_s = 30, .ahead = 1};
    struct cn_images images = {NULL, 0, NULL, 0};
    struct job j = {.offline = offline, .online = online, .report = {.m = m, .images = &images}};
    char range[48];
    const struct cn_arg options[] = {
        {"connect", CN_ARG_STRING, &w.address, "ADDR:PORT", "where the server is (127.0.0.1:7766)", 0, 0},
        {"key", CN_ARG_STRING, &w.key, "FILE|HEX", "the server's public key, a file or its 64 digits; needed:\na server without its secret is refused", 0, 0},
        {"index", CN_ARG_LIST, &index, "LIST", "test images of the data set: 7, 0-19 or 3,8-9; repeatable", 0, 0},
        {"count", CN_ARG_UINT, &w.count, "N", "the first N test images", 1, 1e6},
        {"data", CN_ARG_STRING, &w.data, "DIR", cn_data_help, 0, 0},
        {"resize", CN_ARG_FLAG, &w.resize, NULL, cn_resize_help, 0, 0},
        {"ahead", CN_ARG_UINT, &w.ahead, "K", "offline runs made ahead of the inferences that use them (1);\nthe server may allow fewer", 1, 1000},
        {"check", CN_ARG_STRING, &w.check, "FILE", "for demonstrations and tests: compare with the clear\nfixed-point network in FILE. It holds the weights; a real\nclient does not have it", 0, 0},
        {"wait", CN_ARG_REAL, &w.wait_s, "S", "try for so long to connect, seconds (5)", 0, 86400},
        {"deadline", CN_ARG_REAL, &w.deadline_s, "S", "longest silence of the server, seconds (30)", 0.1, 86400},
        {"json", CN_ARG_FLAG, &j.report.json, NULL, "print one JSON object instead of a table", 0, 0},
    };
    int status = cn_args_parse(argc, argv, options, sizeof options / sizeof *options, operands, MAX_OPERANDS, &n_operands,
                               "[OPTION]... --index LIST | --count N | IMAGE...",
                               "Classifies images privately: the server sees neither them nor the results, this program does not see\n"
                               "the weights. An image is a PNG, JPEG, PGM or PPM file, or a test image of the data set.");
    if (status >= 0)
        return status;
    if (!w.key)
        return cn_fail(2, "--key is needed: the server's public key, as the server printed it or in its .pub file");
    if ((n_operands > 0) + (index.n > 0) + (w.count > 0) != 1)
        return cn_fail(2, "give either --index, or --count, or image files; see %s --help", cn_program());
    if (!n_operands && !w.data)
        return cn_no_data();
    if (w.count) {
        snprintf(range, sizeof range, "0-%llu", (unsigned long long)w.count - 1);
        specs[index.n++] = range;
    }
    status = n_operands ? cn_images_from_files(&images, m, w.resize, operands, n_operands)
                        : cn_images_from_set(&images, m, w.data, w.resize, specs, index.n);
    if (!status) {
        j.report.results = calloc(images.n, sizeof *j.report.results);
        j.logits = calloc(m->classes, sizeof *j.logits);
        status = j.report.results && j.logits ? run(&j, &w) : cn_fail(1, "no memory for %zu images", images.n);
    }
    cnas_client_free(&j.client);
    cn_check_close(&j.check);
    free(j.report.results);
    free(j.logits);
    cn_images_clear(&images);
    if ((fflush(stdout) || ferror(stdout)) && !status)
        status = cn_fail(1, "cannot write to standard output: %s", strerror(errno));
    return status;
}
