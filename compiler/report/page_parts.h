/* The sections of the page, in their order. Private to this room. */
#ifndef COMPILER_REPORT_PAGE_PARTS_H
#define COMPILER_REPORT_PAGE_PARTS_H

#include "compiler/report/diagram.h"
#include "compiler/report/measure.h"
#include "compiler/report/page.h"

enum { PAGE_MOST_ROWS = DIAGRAM_MOST_ROWS, PAGE_MOST_REMARKS = 200, PAGE_MOST_BUDGETS = 100, PAGE_MOST_LINES = 5000 };

struct page_facts { /* what several sections need */
    const struct page *page;
    struct measure written, now;
    struct measure_layers layers;
    const struct diagram *diagram;
};

void page_budgets(struct text *t, const struct page_facts *f);
void page_graph(struct text *t, const struct page_facts *f);
void page_relus(struct text *t, const struct page_facts *f);
void page_passes(struct text *t, const struct page_facts *f);
void page_costs(struct text *t, const struct page_facts *f);
void page_layers(struct text *t, const struct page_facts *f);
void page_source(struct text *t, const struct page_facts *f);

/* --- pieces --- */

void page_section(struct text *t, const char *id, const char *title); /* until </section> */
/* "net.cnas:14 in core", a link to the line if its file is shown, or else followed by the place in such a file for which it is there;
 * nothing if there is no place. */
void page_place(struct text *t, const struct page_facts *f, const struct site *s);
void page_more(struct text *t, size_t shown, size_t all, const char *what); /* a line, if something was left out */
void page_percent_style(struct text *t, const char *property, int64_t part, int64_t whole); /* style="width:12.34%" */

#endif
