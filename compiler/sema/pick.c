/* From what a pick says to indices of what is chosen among. */
#include "compiler/sema/choice.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 8 };

/* "3, 5 and 7" */
static const char *alternatives_text(struct eval *e, const struct choice *c)
{
    struct text t = text_new(e->arena);
    for (uint32_t i = 0; i < c->shown.n && i < SHOWN; i++)
        text_add(&t, "%s%s", i == 0 ? "" : i + 1 == c->shown.n ? " and " : ", ", c->shown.alternatives[i]);
    if (c->shown.n > SHOWN)
        text_add(&t, ", ...");
    return text_str(&t);
}

void pick_wrong(struct eval *e, const struct choice *c, struct span at, const char *found)
{
    if (!c->shown.subset)
        diag_error(e->diag, at, E_PICK_VALUE, "choice `%s` is %s%s, not %s", c->shown.name, c->shown.n > 1 ? "between " : "", alternatives_text(e, c), found);
    else if (c->shown.n == 0)
        diag_error(e->diag, at, E_PICK_VALUE, "choice `%s` has no elements to pick: its pick is [], not %s", c->shown.name, found);
    else
        diag_error(e->diag, at, E_PICK_VALUE,
                   "choice `%s` takes the indices of some of its %" PRIu32 " element%s, ascending, such as [%s]; not %s",
                   c->shown.name, c->shown.n, c->shown.n == 1 ? "" : "s", c->shown.n > 2 ? "0, 2" : "0", found);
    struct site site = c->shown.site;
    diag_note_at(e->diag, &site, "the choice is made here");
    eval_stack(e);
}

bool pick_ascending(const struct choice *c, const uint32_t *at, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (at[i] >= c->shown.n || (i > 0 && at[i] <= at[i - 1]))
            return false;
    return c->shown.subset || n == 1;
}

/* The first alternative that equals v; else, v being a string, the only one that is shown as it: "wide" is a block whose name cannot be
 * written where the pick stands. */
static bool alternative_of(struct eval *e, const struct choice *c, const struct value *v, uint32_t *found)
{
    bool equal = false;
    uint32_t alike = 0;
    int64_t steps = e->max_steps - e->steps;
    for (*found = 0; *found < c->shown.n; ++*found)
        if (value_equal(&value_items(&c->list)[*found], v, &equal, &steps) && equal)
            break;
    e->steps = e->max_steps - steps;
    for (uint32_t i = 0; !equal && v->kind == VALUE_STRING && i < c->shown.n; i++)
        if (strcmp(c->shown.alternatives[i], v->string.bytes) == 0) {
            *found = i;
            alike++;
        }
    return equal || alike == 1;
}

bool pick_of_value(struct eval *e, const struct choice *c, const struct value *v, struct span at, const uint32_t **out, uint32_t *n)
{
    uint32_t *found = ARENA_ARRAY(e->arena, uint32_t, c->shown.subset && v->kind == VALUE_LIST ? v->list.n : 1);
    bool good = true;
    *n = 1;
    if (c->shown.subset) {
        good = v->kind == VALUE_LIST && v->list.n <= c->shown.n;
        *n = good ? (uint32_t)v->list.n : 0;
        for (uint32_t i = 0; good && i < *n; i++) {
            const struct value *one = &value_items(v)[i];
            good = one->kind == VALUE_INT && one->integer >= 0 && one->integer < c->shown.n;
            found[i] = good ? (uint32_t)one->integer : 0;
        }
        good = good && pick_ascending(c, found, *n);
    } else {
        good = alternative_of(e, c, v, found);
    }
    *out = found;
    if (!good)
        pick_wrong(e, c, at, v->kind == VALUE_TENSOR ? "a tensor" : value_text(e->arena, v));
    return good;
}

bool pick_of_text(struct eval *e, const struct choice *c, const char *text, const uint32_t **out, uint32_t *n)
{
    uint32_t *found = ARENA_ARRAY(e->arena, uint32_t, c->shown.n + 1);
    *out = found;
    *n = 0;
    if (!c->shown.subset) {
        *n = 1;
        for (*found = 0; *found < c->shown.n; ++*found)
            if (strcmp(c->shown.alternatives[*found], text) == 0)
                return true;
        return false;
    }
    const char *p = text;
    if (*p++ != '[')
        return false;
    while (*p == ' ')
        p++;
    while (*p != ']') {
        char *end;
        errno = 0;
        unsigned long one = *p >= '0' && *p <= '9' ? strtoul(p, &end, 10) : UINT32_MAX;
        if (one >= c->shown.n || errno || *n >= c->shown.n)
            return false;
        found[(*n)++] = (uint32_t)one;
        p = end;
        while (*p == ' ')
            p++;
        if (*p != ',' && *p != ']')
            return false;
        if (*p == ',')
            p++;
        while (*p == ' ')
            p++;
    }
    return p[1] == '\0' && pick_ascending(c, found, *n);
}

