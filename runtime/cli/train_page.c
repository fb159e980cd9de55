/* The page about a training. */
#include "runtime/cli/train_page.h"

#include "runtime/cli/args.h"
#include "runtime/cli/chart.h"
#include "runtime/cli/progress.h"
#include "runtime/cli/train_log.h"
#include "runtime/cli/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOCTYPE "<!DOCTYPE html>"

/* The colours and shapes of `cnasc report`. */
static const char style[] =
    ":root{color-scheme:light dark;--paper:#fff;--panel:#f6f7f9;--line:#d9dde3;--ink:#1a1f27;--soft:#5a6472;--train:#2f7fb8;--validation:#c2410c;"
    "--test:#1b7a43}\n"
    "@media(prefers-color-scheme:dark){:root{--paper:#14181e;--panel:#1c222a;--line:#343c47;--ink:#e6e9ee;--soft:#9aa5b3;--train:#5fb0e6;"
    "--validation:#f08a4b;--test:#58c184}}\n"
    "*{box-sizing:border-box}html{-webkit-text-size-adjust:100%}\n"
    "body{margin:0 auto;max-width:66rem;padding:1.5rem 1.25rem 3rem;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"
    "\"Segoe UI\",Roboto,\"Helvetica Neue\",\"DejaVu Sans\",sans-serif}\n"
    "h1{font-size:2.1rem;line-height:1.15;margin:0 0 .4rem;letter-spacing:-.015em;overflow-wrap:anywhere}h2{font-size:1.3rem;margin:0 0 .8rem}"
    "h3{font-size:1rem;margin:0 0 .3rem}\n"
    "section{border-top:1px solid var(--line);margin-top:2.2rem;padding-top:1.4rem}.kicker,small{color:var(--soft);font-size:.85rem}"
    ".kicker{margin:0 0 .3rem}\n"
    ".figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.7rem;margin:1.1rem 0}"
    ".figures div{background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:.6rem .8rem}.figures dt{color:var(--soft);"
    "font-size:.85rem}.figures dd{margin:0}.figures b{display:block;font-size:1.25rem;line-height:1.3;font-variant-numeric:tabular-nums}"
    ".figures small{display:block;line-height:1.35}\n"
    ".charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr));gap:1.4rem}figure{margin:0;min-width:0}"
    "svg{display:block;width:100%;height:auto}svg text{font:11px system-ui,\"DejaVu Sans\",sans-serif;fill:var(--soft)}.y{text-anchor:end}"
    ".x{text-anchor:middle}.grid path{stroke:var(--line);stroke-width:1;fill:none}\n"
    ".line{fill:none;stroke-width:1.8;stroke-linejoin:round}.mark{stroke:var(--soft);stroke-width:1;stroke-dasharray:3 3}"
    ".line.train{stroke:var(--train)}.line.validation{stroke:var(--validation)}.line.test{stroke:var(--test);stroke-dasharray:6 3}"
    ".dot.train{fill:var(--train)}.dot.validation{fill:var(--validation)}.dot.test{fill:var(--test)}\n"
    ".legend{display:flex;flex-wrap:wrap;gap:.1rem 1.2rem;font-size:.85rem;color:var(--soft);font-variant-numeric:tabular-nums}"
    ".key{display:inline-block;width:1.2em;height:3px;margin-right:.4em;vertical-align:middle}.key.train{background:var(--train)}"
    ".key.validation{background:var(--validation)}.key.test{background:var(--test)}\n"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.875rem;line-height:1.4}th,td{text-align:left;padding:.25rem 1rem .25rem 0;"
    "border-bottom:1px solid var(--line);font-weight:400;vertical-align:top;overflow-wrap:anywhere}thead th{color:var(--soft);font-size:.8rem}"
    ".n,.n+.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}tr.best td,tr.best th{color:var(--validation);font-weight:600}"
    "summary{cursor:pointer;color:var(--soft)}.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,18rem),1fr));gap:1.4rem}"
    ".facts table{width:100%}.facts th{white-space:nowrap;color:var(--soft)}\n"
    "@media(max-width:40rem){body{padding:1rem .9rem 2rem}h1{font-size:1.6rem}.figures{grid-template-columns:1fr 1fr;gap:.5rem}}\n"
    "@media print{:root{--paper:#fff;--panel:#f6f7f9;--line:#ccc;--ink:#000;--soft:#444;--train:#2f7fb8;--validation:#c2410c;--test:#1b7a43}"
    "*{print-color-adjust:exact;-webkit-print-color-adjust:exact}body{max-width:none;padding:0;font-size:10.5pt}figure,tr,.figures div{"
    "break-inside:avoid}h2,h3{break-after:avoid}details:not([open]){display:none}}\n";

static void html(FILE *out, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '<':
            fputs("&lt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
        }
}

/* What the log says, in columns. */
enum { EPOCH, LOSS, ACCURACY, VALIDATION_LOSS, VALIDATION_ACCURACY, TEST_ACCURACY, LR, IMAGES_PER_S, SECONDS, N_COLUMNS };
static const char *const column_name[N_COLUMNS] = {"epoch", "loss", "accuracy", "validation_loss", "validation_accuracy", "test_accuracy",
                                                   "lr", "images_per_s", "seconds"};
struct story {
    const json_t *start, *end, *test; /* the last of these lines; NULL: none */
    size_t n;                         /* epochs */
    double *column[N_COLUMNS];        /* n each */
    double best;                      /* epoch; NAN: none */
};

static int read_story(struct story *s, const json_t *lines)
{
    size_t i;
    json_t *line;
    const size_t most = json_array_size(lines) + 1;
    *s = (struct story){.start = json_array_get(lines, 0), .best = NAN};
    for (int c = 0; c < N_COLUMNS; c++)
        if (!(s->column[c] = malloc(most * sizeof(double))))
            return cn_fail(1, "no memory for the page");
    json_array_foreach(lines, i, line) {
        const char *type = cn_train_log_type(line);
        s->end = !strcmp(type, "end") ? line : s->end;
        s->test = !strcmp(type, "test") ? line : s->test;
        if (strcmp(type, "epoch") != 0)
            continue;
        for (int c = 0; c < N_COLUMNS; c++)
            s->column[c][s->n] = cn_train_log_number(line, column_name[c]);
        if (json_is_true(json_object_get(line, "best")))
            s->best = s->column[EPOCH][s->n];
        s->n++;
    }
    return -1;
}

static void figure(FILE *out, const char *name, const char *value, const char *under)
{
    fprintf(out, "<div><dt>%s</dt><dd><b>%s</b><small>%s</small></dd></div>\n", name, value, under);
}

static void percent_figure(FILE *out, const char *name, double share, const char *under)
{
    char value[32];
    snprintf(value, sizeof value, "%.2f %%", 100 * share);
    if (isfinite(share))
        figure(out, name, value, under);
}

static void figures(FILE *out, const struct story *s)
{
    char value[64], under[64];
    const size_t last = s->n - 1;
    const double peak = cn_train_log_number(s->end, "peak_memory"), epochs = cn_train_log_number(json_object_get(s->start, "recipe"), "epochs");
    fputs("<dl class=\"figures\">\n", out);
    for (size_t i = 0; i < s->n; i++)
        if (s->column[EPOCH][i] == s->best) {
            snprintf(under, sizeof under, "best, after epoch %g", s->best);
            percent_figure(out, "Validation", s->column[VALIDATION_ACCURACY][i], under);
        }
    percent_figure(out, "Test", cn_train_log_number(s->test, "accuracy"), "float");
    percent_figure(out, "Test", cn_train_log_number(s->test, "fixed_accuracy"), "fixed point, as private inference computes");
    if (s->n) {
        percent_figure(out, "Training", s->column[ACCURACY][last], "augmented images, running mean");
        snprintf(value, sizeof value, "%g of %g", s->column[EPOCH][last], epochs);
        figure(out, "Epochs", value, "");
        snprintf(under, sizeof under, "%.0f images/s in the last epoch", s->column[IMAGES_PER_S][last]);
        figure(out, "Time", cn_duration(value, sizeof value, s->column[SECONDS][last]), under);
    }
    if (peak >= 0 && peak < 0x1p63)
        figure(out, "Memory", cn_bytes_text((uint64_t)peak).c, "peak, resident");
    fputs("</dl>\n", out);
}

static void charts(FILE *out, const struct story *s)
{
    struct cn_chart c = {.x = s->column[EPOCH], .n = s->n, .mark = s->best};
    fputs("<section>\n<h2>Curves</h2>\n<div class=\"charts\">\n", out);
    c.id = "accuracy", c.title = "Accuracy", c.percent = 1, c.n_curves = 3;
    c.curves[0] = (struct cn_curve){"training", "train", s->column[ACCURACY]};
    c.curves[1] = (struct cn_curve){"validation", "validation", s->column[VALIDATION_ACCURACY]};
    c.curves[2] = (struct cn_curve){"test", "test", s->column[TEST_ACCURACY]};
    cn_chart_write(out, &c);
    c.id = "loss", c.title = "Loss", c.percent = 0, c.n_curves = 2, c.from_zero = 1;
    c.curves[0].y = s->column[LOSS];
    c.curves[1].y = s->column[VALIDATION_LOSS];
    cn_chart_write(out, &c);
    c.n_curves = 1, c.mark = NAN;
    c.id = "rate", c.title = "Learning rate", c.curves[0] = (struct cn_curve){"last step of the epoch", "train", s->column[LR]};
    cn_chart_write(out, &c);
    c.id = "speed", c.title = "Images per second", c.curves[0] = (struct cn_curve){"training", "train", s->column[IMAGES_PER_S]};
    cn_chart_write(out, &c);
    fputs("</div>\n</section>\n", out);
}

static void fact(FILE *out, const char *name, const json_t *value)
{
    char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(6));
    if (json_is_object(value) || (!text && !json_is_string(value))) {
        free(text);
        return;
    }
    fputs("<tr><th>", out);
    html(out, name);
    fputs("</th><td>", out);
    html(out, text ? text : json_string_value(value));
    fputs("</td></tr>\n", out);
    free(text);
}

/* Members of an object, those of the log's form and zeros left out: an option that is 0 is off. */
static void facts(FILE *out, const char *title, json_t *object)
{
    static const char *const form[] = {"type", "format", "epoch", "step", "time"};
    const char *name;
    json_t *value;
    fprintf(out, "<div><h3>%s</h3>\n<table>\n", title);
    json_object_foreach(object, name, value) {
        int shown = !json_is_number(value) || json_number_value(value) != 0;
        for (size_t i = 0; i < sizeof form / sizeof *form; i++)
            shown = shown && strcmp(name, form[i]) != 0;
        if (shown)
            fact(out, name, value);
    }
    fputs("</table></div>\n", out);
}

static void table(FILE *out, const struct story *s)
{
    static const struct {
        int column;
        const char *title, *format;
        double factor;
    } cell[] = {{EPOCH, "epoch", "%.0f", 1}, {LOSS, "loss", "%.4f", 1}, {ACCURACY, "training %", "%.2f", 100}, {VALIDATION_LOSS, "validation loss", "%.4f", 1},
                {VALIDATION_ACCURACY, "validation %", "%.2f", 100}, {TEST_ACCURACY, "test %", "%.2f", 100}, {LR, "rate", "%.4g", 1},
                {IMAGES_PER_S, "images/s", "%.0f", 1}};
    enum { CELLS = sizeof cell / sizeof *cell };
    fputs("<section>\n<details>\n<summary>All epochs</summary>\n<div class=\"scroll\"><table>\n<thead><tr>", out);
    for (size_t k = 0; k < CELLS; k++)
        fprintf(out, "<th class=\"n\">%s</th>", cell[k].title);
    fputs("</tr></thead>\n<tbody>\n", out);
    for (size_t i = 0; i < s->n; i++) {
        fputs(s->column[EPOCH][i] == s->best ? "<tr class=\"best\">" : "<tr>", out);
        for (size_t k = 0; k < CELLS; k++) {
            char text[48] = "";
            const double v = s->column[cell[k].column][i] * cell[k].factor;
            if (isfinite(v))
                snprintf(text, sizeof text, cell[k].format, v);
            fprintf(out, "<td class=\"n\">%s</td>", text);
        }
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table></div>\n</details>\n</section>\n", out);
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static void page(FILE *out, const struct story *s)
{
    const char *reason = text_of(s->end, "reason");
    fputs(DOCTYPE "\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>", out);
    html(out, text_of(s->start, "network"));
    fprintf(out, ": training</title>\n<style>\n%s</style>\n</head>\n<body>\n<header>\n<p class=\"kicker\">training of ", style);
    html(out, text_of(s->start, "source"));
    fprintf(out, " \xc2\xb7 ");
    html(out, text_of(s->start, "time"));
    fprintf(out, " \xc2\xb7 ");
    html(out, *reason ? reason : "under way");
    fputs("</p>\n<h1>", out);
    html(out, text_of(s->start, "network"));
    fputs("</h1>\n", out);
    figures(out, s);
    fputs("</header>\n<main>\n", out);
    if (s->n)
        charts(out, s);
    fputs("<section>\n<h2>What was trained, and how</h2>\n<div class=\"facts\">\n", out);
    facts(out, "Network", (json_t *)(uintptr_t)s->start);
    facts(out, "Data", json_object_get(s->start, "data"));
    facts(out, "Recipe", json_object_get(s->start, "recipe"));
    if (json_object_get(s->start, "soft_labels"))
        facts(out, "Soft labels", json_object_get(s->start, "soft_labels"));
    facts(out, "Machine", json_object_get(s->start, "machine"));
    fputs("</div>\n</section>\n", out);
    if (s->n)
        table(out, s);
    fputs("</main>\n</body>\n</html>\n", out);
}

int cn_train_page_may_write(const char *path)
{
    char head[sizeof DOCTYPE];
    FILE *f = fopen(path, "rb");
    if (!f)
        return -1; /* one that cannot be read or made is told when it is written */
    const size_t n = fread(head, 1, sizeof head - 1, f);
    fclose(f);
    if (n && (n < sizeof head - 1 || memcmp(head, DOCTYPE, n)))
        return cn_fail(1, "%s: --report would replace this file, which is no page: name another", path);
    return -1;
}

int cn_train_page_write(const char *path, const json_t *lines)
{
    struct story s;
    struct cnas_error err;
    char *text = NULL;
    size_t size = 0;
    int status = read_story(&s, lines);
    FILE *out = status < 0 ? open_memstream(&text, &size) : NULL;
    if (out) {
        page(out, &s);
        if (fclose(out))
            status = cn_fail(1, "no memory for the page");
        else if (cnas_file_replace(path, text, size, &err))
            status = cn_fail(1, "%s", err.text);
    } else if (status < 0) {
        status = cn_fail(1, "no memory for the page");
    }
    free(text);
    for (int c = 0; c < N_COLUMNS; c++)
        free(s.column[c]);
    return status;
}
