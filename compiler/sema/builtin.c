/* Finding builtins by name. The tables are short; names are looked up once per use in the text, by resolve.c. */
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

const struct builtin *builtin_find(const char *name)
{
    const struct builtin *b = find_in(builtin_tensor_table, name);
    return b ? b : find_in(builtin_value_table, name);
}

const struct builtin *builtin_find_train(const char *name)
{
    return find_in(builtin_train_table, name);
}

size_t builtin_count(void)
{
    return length(builtin_tensor_table) + length(builtin_value_table);
}

const struct builtin *builtin_at(size_t i)
{
    size_t n = length(builtin_tensor_table);
    return i < n ? &builtin_tensor_table[i] : &builtin_value_table[i - n];
}
