/* What each pass did, in its own words, and what came of it. */
#include "compiler/base/table.h"
#include "compiler/report/html.h"
#include "compiler/report/page_parts.h"

#include <string.h>

static void change(struct text *t, const char *what, int64_t before, int64_t after, bool *any)
{
    if (before == after)
        return;
    struct arena *a = t->arena;
    text_add(t, "%s<span>%s <b>%s \u2192 %s</b> (%s%s)</span>", *any ? "" : "<p class=\"changes\">", what, table_number(a, before),
             table_number(a, after), after > before ? "+" : "\u2212", table_number(a, after > before ? after - before : before - after));
    *any = true;
}

static void changes(struct text *t, const struct measure *b, const struct measure *n)
{
    bool any = false;
    change(t, "ReLUs", b->cost.relu_equivalents, n->cost.relu_equivalents, &any);
    change(t, "layers", b->layers, n->layers, &any);
    change(t, "parameters", b->cost.parameters, n->cost.parameters, &any);
    change(t, "MACs", b->cost.macs, n->cost.macs, &any);
    change(t, "activation bytes", b->bytes, n->bytes, &any);
    text_add(t, any ? "</p>\n" : "<p class=\"note\">no change of costs</p>\n");
}

/* A remark names places as the command line named the files: the page has no folders. */
static const char *without_folders(struct arena *a, const struct page *p, const char *s)
{
    for (size_t i = 0; i < p->n_sources; i++) {
        const char *name = p->sources[i]->name, *slash = strrchr(name, '/'), *at;
        struct text t = text_new(a);
        if (!slash)
            continue;
        for (; (at = strstr(s, name)); s = at + strlen(name)) {
            text_add_bytes(&t, s, (size_t)(at - s));
            text_add(&t, "%s", slash + 1);
        }
        text_add(&t, "%s", s);
        s = text_str(&t);
    }
    return s;
}

static void remarks(struct text *t, const struct page_facts *f, const struct pass_step *s)
{
    static const char *const kinds[REMARK_KINDS] = {"done", "missed", "found"};
    const size_t shown = s->n_remarks < PAGE_MOST_REMARKS ? s->n_remarks : PAGE_MOST_REMARKS;
    if (s->n_remarks == 0)
        return;
    text_add(t, "<details%s><summary>%s %s</summary>\n<ul class=\"remarks\">\n", s->n_remarks <= 12 ? " open=\"\"" : "",
             table_number(t->arena, (int64_t)s->n_remarks), s->n_remarks == 1 ? "remark" : "remarks");
    for (size_t i = 0; i < shown; i++) {
        const struct remark *r = &s->remarks[i];
        text_add(t, "<li><span class=\"tag %s\">%s</span> ", kinds[r->kind], kinds[r->kind]);
        html_remark(t, without_folders(t->arena, f->page, r->text));
        text_add(t, " ");
        page_place(t, f, &r->site);
        text_add(t, "</li>\n");
    }
    text_add(t, "</ul>\n");
    if (shown < s->n_remarks)
        text_add(t, "<p class=\"note\">and %s more, which <code>--remarks=json</code> shows</p>\n",
                 table_number(t->arena, (int64_t)(s->n_remarks - shown)));
    text_add(t, "</details>\n");
}

void page_passes(struct text *t, const struct page_facts *f)
{
    static const char *const kinds[] = {[PASS_EXACT] = "keeps the function bit by bit", [PASS_MARKS] = "keeps the function bit by bit", [PASS_CLOSE] = "keeps the function up to rounding",
                                        [PASS_CHANGES] = "changes the function: the network must be trained after it"};
    const struct pass_trace *passes = f->page->passes;
    struct measure before = f->written, after;
    page_section(t, "passes", "Passes");
    text_add(t, "<ol class=\"passes\">\n");
    for (size_t i = 0; i < passes->n; i++, before = after) {
        const struct pass_step *s = &passes->steps[i];
        after = f->now;
        measure_graph(t->arena, s->after, &after); /* the page has counted it before */
        text_add(t, "<li><h3>%s</h3>\n<p>%s; %s.</p>\n", s->pass->name, s->pass->what, kinds[s->pass->kind]);
        changes(t, &before, &after);
        remarks(t, f, s);
        text_add(t, "</li>\n");
    }
    text_add(t, "</ol>\n</section>\n");
}
