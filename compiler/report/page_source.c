/* The source, and beside each line the ReLUs that come from it: those of every layer that it makes, in this block or in one that it uses. */
#include "compiler/base/table.h"
#include "compiler/report/html.h"
#include "compiler/report/page_parts.h"
#include "compiler/report/words.h"

#include <string.h>

struct listing {
    const struct source *source;
    int64_t *relus; /* per line, from 1 */
    uint32_t *last; /* the node that was counted there last: a block may be used twice on the way */
};

/* The listing of this file; sites share few names, so most are found without comparing. */
static struct listing *find(struct listing *all, size_t n, const char *file)
{
    for (size_t i = 0; i < n; i++)
        if (all[i].source->name == file || strcmp(all[i].source->name, file) == 0)
            return &all[i];
    return NULL;
}

static void count(const struct ir_graph *g, struct listing *all, size_t n)
{
    for (ir_id id = 0; id < g->n_nodes; id++) {
        const int64_t relus = ir_cost_node(g, id).relu_equivalents;
        if (!relus)
            continue;
        for (const struct site *s = &g->nodes[id].site; s && s->file; s = s->from) {
            struct listing *l = find(all, n, s->file);
            if (!l || s->line < 1 || (uint32_t)s->line > l->source->n_lines || l->last[s->line] == id + 1)
                continue;
            l->relus[s->line] += relus;
            l->last[s->line] = id + 1;
        }
    }
}

static void list(struct text *t, size_t number, const struct listing *l)
{
    const struct site file = {.file = l->source->name};
    text_add(t, "<h3>");
    html_text(t, words_place(t->arena, &file));
    text_add(t, "</h3>\n<div class=\"scroll\"><table class=\"source\">\n<thead><tr><th class=\"n\">ReLUs</th><th class=\"n\">line</th><th>text</th></tr></thead>\n<tbody>\n");
    uint32_t lines = l->source->n_lines, k = 1;
    size_t last;
    source_line(l->source, (int)lines, &last);
    lines -= lines > 1 && last == 0; /* behind the last end of line */
    for (; k <= lines && k <= PAGE_MOST_LINES; k++) {
        size_t n;
        const char *bytes = source_line(l->source, (int)k, &n);
        text_add(t, "<tr id=\"s%zu-%u\"%s><td class=\"n\">%s</td><td class=\"n\">%u</td><td><code>", number, (unsigned)k,
                 l->relus[k] ? " class=\"has\"" : "", l->relus[k] ? table_number(t->arena, l->relus[k]) : "", (unsigned)k);
        html_bytes(t, bytes, n);
        text_add(t, "</code></td></tr>\n");
    }
    text_add(t, "</tbody>\n</table></div>\n");
    if (k <= lines)
        text_add(t, "<p class=\"note\">and %s more lines</p>\n", table_number(t->arena, lines - k + 1));
}

void page_source(struct text *t, const struct page_facts *f)
{
    const struct page *p = f->page;
    struct listing *all = ARENA_ARRAY(t->arena, struct listing, p->n_sources);
    for (size_t i = 0; i < p->n_sources; i++)
        all[i] = (struct listing){.source = p->sources[i], .relus = ARENA_ARRAY(t->arena, int64_t, p->sources[i]->n_lines + 1),
                                  .last = ARENA_ARRAY(t->arena, uint32_t, p->sources[i]->n_lines + 1)};
    count(p->graph, all, p->n_sources);
    page_section(t, "source", "Source");
    text_add(t, "<p class=\"note\">Beside a line: the ReLUs of everything that it makes, after the passes. A line in a block counts all uses of the block.</p>\n");
    for (size_t i = 0; i < p->n_sources; i++)
        list(t, i, &all[i]);
    text_add(t, "</section>\n");
}
