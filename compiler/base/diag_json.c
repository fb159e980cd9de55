/* Diagnostics for tools. */
#include "compiler/base/diag.h"
#include "compiler/base/diag_internal.h"
#include "compiler/base/json.h"

static void add_string(struct text *t, const char *key, const char *value)
{
    text_add(t, ", \"%s\": ", key);
    if (value)
        text_json_string(t, value);
    else
        text_add(t, "null");
}

static void add_item(struct text *t, const struct diag_item *item)
{
    static const char *const word[] = {"error", "warning", "note", "remark"};
    int line = item->site.line, column = item->site.column, end_line = line, end_column = column;
    const char *file = item->site.file;
    if (item->at.source) {
        file = item->at.source->name;
        source_position(item->at.source, item->at.from, &line, &column);
        source_position(item->at.source, item->at.to > item->at.from ? item->at.to : item->at.from, &end_line, &end_column);
    }
    text_add(t, "{\"kind\": \"%s\"", word[item->kind]);
    add_string(t, "code", item->kind == DIAG_NOTE ? NULL : item->kind == DIAG_REMARK ? item->flag : diag_code_text(item->code));
    add_string(t, "message", item->text);
    add_string(t, "file", file);
    text_add(t, ", \"line\": %d, \"column\": %d, \"end_line\": %d, \"end_column\": %d", line, column, end_line, end_column);
    add_string(t, "block", item->site.block);
    text_add(t, "}");
}

void diag_print_json(const struct diag *d, struct text *t)
{
    text_add(t, "{\"diagnostics\": [");
    for (size_t i = 0; i < d->items.n; i++) {
        text_add(t, i ? ", " : "");
        add_item(t, &d->items.at[i]);
    }
    text_add(t, "], \"errors\": %zu, \"warnings\": %zu}\n", d->errors, d->warnings);
}
