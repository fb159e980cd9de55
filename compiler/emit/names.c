/* Identifiers of a generated program. Names of the plan are already C identifiers in lower case and unique; here they are kept
 * apart from the program's own external names, from the library's, and from each other's. */
#include "compiler/emit/emit_internal.h"

#include <ctype.h>
#include <string.h>

const char *emit_upper(struct arena *a, const char *name)
{
    char *s = arena_strdup(a, name);
    for (char *at = s; *at; at++)
        *at = (char)toupper((unsigned char)*at);
    return s;
}

static bool starts_with_word(const char *name, const char *word)
{
    const size_t n = strlen(word);
    return strncmp(name, word, n) == 0 && (name[n] == '\0' || name[n] == '_');
}

/* The network's name in lower case; never one of the library's. */
static const char *network_name(struct arena *a, const char *written)
{
    struct text t = text_new(a);
    for (const char *at = written; *at; at++) {
        const unsigned char c = (unsigned char)*at;
        text_add(&t, "%c", c < 0x80 && isalnum(c) ? tolower(c) : '_');
    }
    const char *s = text_str(&t);
    return isalpha((unsigned char)*s) && !starts_with_word(s, "cnas") ? s : arena_printf(a, "net_%s", s);
}

/* Functions of a layer are `NAME_forward`: NAME must not start like the external symbols. */
static const char *function_name(struct emit *e, const char *name, const char *const *others, uint32_t n)
{
    while (starts_with_word(name, e->net) || starts_with_word(name, "cnas")) {
        name = arena_printf(e->a, "layer_%s", name);
        for (uint32_t i = 0; i < n; i++)
            if (strcmp(others[i], name) == 0) {
                name = arena_printf(e->a, "layer_%s", name);
                i = UINT32_MAX; /* from the start */
            }
    }
    return name;
}

void emit_names(struct emit *e)
{
    e->net = network_name(e->a, e->p->network);
    e->upper = emit_upper(e->a, e->net);
    const char **layer = ARENA_ARRAY(e->a, const char *, e->p->n_layers),
               **point = ARENA_ARRAY(e->a, const char *, e->p->n_points);
    for (uint32_t i = 0; i < e->p->n_layers; i++)
        layer[i] = e->p->layers[i].name;
    for (uint32_t i = 0; i < e->p->n_layers; i++)
        layer[i] = function_name(e, layer[i], layer, e->p->n_layers);
    for (uint32_t i = 0; i < e->p->n_points; i++)
        point[i] = e->p->points[i].name;
    for (uint32_t i = 0; i < e->p->n_points; i++)
        point[i] = function_name(e, point[i], point, e->p->n_points);
    e->layer = layer;
    e->point = point;
}
