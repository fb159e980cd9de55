/* The client's output. */
#include "runtime/cli/report.h"

#include "runtime/cli/units.h"

#include <inttypes.h>
#include <stdio.h>

void cn_report_head(const struct cn_report *r)
{
    if (!r->json)
        printf("%-16s %5s %8s %6s %12s %10s %10s\n", "image", "label", "private", "equal", "online", "sent", "received");
}

static const char *equal_text(int equal)
{
    return equal < 0 ? "-" : equal ? "yes" : "NO";
}

void cn_report_image(const struct cn_report *r, size_t i)
{
    const struct cn_image *image = &r->images->image[i];
    const struct cn_result *one = &r->results[i];
    char label[12] = "-";
    if (r->json)
        return;
    if (image->label >= 0)
        snprintf(label, sizeof label, "%d", image->label);
    printf("%-16s %5s %8u %6s %9.2f ms %10s %10s\n", image->name, label, (unsigned)one->label, equal_text(one->equal),
           one->online.seconds * 1e3, cn_bytes_text(one->online.sent).c, cn_bytes_text(one->online.received).c);
    fflush(stdout);
}

static void phase_text(const char *name, const struct cnas_phase_stats *p, uint64_t runs)
{
    printf("%-8s %9s, sent %9s, received %9s, %llu flips", name, cn_seconds_text(p->seconds).c, cn_bytes_text(p->sent).c,
           cn_bytes_text(p->received).c, (unsigned long long)p->flips);
    if (runs)
        printf("; per image %s, %s", cn_seconds_text(p->seconds / (double)runs).c, cn_bytes_text((p->sent + p->received) / runs).c);
    putchar('\n');
}

static void count(const struct cn_report *r, size_t *known, size_t *right, size_t *checked, size_t *equal)
{
    *known = *right = *checked = *equal = 0;
    for (size_t i = 0; i < r->images->n; i++) {
        *known += r->images->image[i].label >= 0;
        *right += r->images->image[i].label == (int)r->results[i].label;
        *checked += r->results[i].equal >= 0;
        *equal += r->results[i].equal == 1;
    }
}

static void print_totals(const struct cn_report *r, const struct cnas_private_stats *s)
{
    size_t n = r->images->n, known, right, checked, equal;
    count(r, &known, &right, &checked, &equal);
    printf("\n%zu image%s", n, n == 1 ? "" : "s");
    if (known)
        printf("; %zu of %zu labels right", right, known);
    if (checked)
        printf("; %zu of %zu equal to the clear fixed-point network, all logits bit for bit", equal, checked);
    putchar('\n');
    phase_text("set-up", &s->setup, 0);
    phase_text("offline", &s->offline, s->offline_runs);
    phase_text("online", &s->online, s->online_runs);
    printf("peak memory %s\n", cn_bytes_text(cn_peak_memory()).c);
}

static void json_string(const char *s)
{
    putchar('"');
    for (; *s; s++)
        if (*s == '"' || *s == '\\')
            printf("\\%c", *s);
        else if ((unsigned char)*s < 0x20)
            printf("\\u%04x", (unsigned)*s);
        else
            putchar(*s);
    putchar('"');
}

static void json_phase(const char *name, const struct cnas_phase_stats *p)
{
    printf("\"%s\": {\"seconds\": %.6f, \"sent\": %" PRIu64 ", \"received\": %" PRIu64 ", \"flips\": %" PRIu64 "}", name, p->seconds,
           p->sent, p->received, p->flips);
}

static void print_json(const struct cn_report *r, const struct cnas_private_stats *s)
{
    printf("{\n  \"network\": ");
    json_string(r->m->name);
    printf(", \"digest\": \"%s\",\n  \"images\": [", r->m->digest);
    for (size_t i = 0; i < r->images->n; i++) {
        const struct cn_result *one = &r->results[i];
        printf("%s\n    {\"image\": ", i ? "," : "");
        json_string(r->images->image[i].name);
        if (r->images->image[i].label >= 0)
            printf(", \"label\": %d", r->images->image[i].label);
        printf(", \"private\": %u", (unsigned)one->label);
        if (one->equal >= 0)
            printf(", \"equal\": %s", one->equal ? "true" : "false");
        printf(", ");
        json_phase("online", &one->online);
        putchar('}');
    }
    printf("\n  ],\n  ");
    json_phase("setup", &s->setup);
    printf(",\n  ");
    json_phase("offline", &s->offline);
    printf(",\n  ");
    json_phase("online", &s->online);
    printf(",\n  \"offline_runs\": %" PRIu64 ", \"online_runs\": %" PRIu64 ", \"peak_memory\": %" PRIu64 "\n}\n", s->offline_runs,
           s->online_runs, cn_peak_memory());
}

void cn_report_end(const struct cn_report *r, const struct cnas_private_stats *s)
{
    if (r->json)
        print_json(r, s);
    else
        print_totals(r, s);
}
