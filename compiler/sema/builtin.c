/* Finding builtins by name. The tables are short; names are looked up once per use in the text, by resolve.c. */
#include "compiler/base/text.h"
#include "compiler/sema/builtin.h"

#include <string.h>

static const struct builtin *find_in(const struct builtin *table, const char *name)
{
    for (; table->name; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

static size_t length(const struct builtin *table)
{
    size_t n = 0;
    while (table[n].name)
        n++;
    return n;
}

static const struct builtin *const tables[] = {builtin_tensor_table, builtin_value_table, builtin_choice_table};
enum { N_TABLES = sizeof tables / sizeof *tables };

const struct builtin *builtin_find(const char *name)
{
    const struct builtin *b = NULL;
    for (int i = 0; i < N_TABLES && !b; i++)
        b = find_in(tables[i], name);
    return b;
}

static const struct builtin *section_table(const char *section)
{
    return strcmp(section, "train") == 0 ? builtin_train_table : builtin_private_table;
}

const struct builtin *builtin_find_section(const char *section, const char *name)
{
    return find_in(section_table(section), name);
}

const char *builtin_section_words(struct arena *a, const char *section)
{
    struct text t = text_new(a);
    for (const struct builtin *b = section_table(section); b->name; b++)
        text_add(&t, "%s%s", t.n == 0 ? "" : b[1].name ? ", " : " and ", b->name);
    return text_str(&t);
}

size_t builtin_count(void)
{
    size_t n = 0;
    for (int i = 0; i < N_TABLES; i++)
        n += length(tables[i]);
    return n;
}

const struct builtin *builtin_at(size_t i)
{
    int t = 0;
    for (; i >= length(tables[t]); t++)
        i -= length(tables[t]);
    return &tables[t][i];
}
