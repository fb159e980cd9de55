#include "compiler/ir/names.h"

#include <stdio.h>
#include <string.h>

struct ir_name {
    const char *name;
    bool taken;
    uint32_t value;
    uint32_t next; /* the suffix to try first when this name is wished for again */
};

static const char *const reserved[] = {
    "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern", "float", "for", "goto",
    "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch",
    "typedef", "union", "unsigned", "void", "volatile", "while", "asm", "typeof", "main",
};

static bool is_reserved(const char *name)
{
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (strcmp(name, reserved[i]) == 0)
            return true;
    return false;
}

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool ir_name_valid(const char *name)
{
    if (!is_letter(name[0]) || is_reserved(name))
        return false;
    for (size_t i = 0; name[i]; i++)
        if (i >= IR_NAME_MAX || !(is_letter(name[i]) || is_digit(name[i]) || name[i] == '_'))
            return false;
    return true;
}

struct ir_names ir_names_new(struct arena *a)
{
    return (struct ir_names){.map = map_new(a)};
}

static struct ir_name *record_of(struct ir_names *t, const char *name)
{
    struct ir_name *r = map_get(&t->map, name);
    if (!r) {
        r = ARENA_NEW(t->map.arena, struct ir_name);
        *r = (struct ir_name){.name = arena_strdup(t->map.arena, name), .taken = is_reserved(name), .next = 2};
        map_set(&t->map, r->name, r);
    }
    return r;
}

bool ir_names_find(const struct ir_names *t, const char *name, uint32_t *value)
{
    const struct ir_name *r = map_get(&t->map, name);
    if (!r || !r->taken || is_reserved(name))
        return false;
    *value = r->value;
    return true;
}

void ir_names_release(struct ir_names *t, const char *name)
{
    struct ir_name *r = map_get(&t->map, name);
    if (!r || !r->taken)
        bug("releasing a name that is not in use");
    r->taken = false;
}

/* base: what a name may be made of wish; "" when nothing is left. */
static void make_valid(char base[IR_NAME_MAX + 1], const char *wish)
{
    size_t n = 0;
    for (const char *c = wish; *c && n < IR_NAME_MAX; c++) {
        char low = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
        if (n == 0 && is_digit(low)) /* "3x3" becomes "n3x3" */
            base[n++] = 'n';
        if (is_letter(low) || is_digit(low))
            base[n++] = low;
        else if (n > 0)
            base[n++] = '_';
    }
    while (n > 0 && base[n - 1] == '_')
        n--;
    base[n] = '\0';
}

const char *ir_names_take(struct ir_names *t, const char *wish, const char *otherwise, uint32_t value)
{
    char base[IR_NAME_MAX + 1], tried[IR_NAME_MAX + 1];
    if (wish && ir_name_valid(wish))
        strcpy(base, wish);
    else
        make_valid(base, wish ? wish : "");
    if (!*base)
        strcpy(base, otherwise);
    size_t n = strlen(base);

    struct ir_name *first = record_of(t, base), *r = first;
    for (; r->taken; first->next++) {
        char suffix[16];
        int len = snprintf(suffix, sizeof suffix, "_%u", (unsigned)first->next);
        size_t keep = n + (size_t)len <= IR_NAME_MAX ? n : IR_NAME_MAX - (size_t)len;
        memcpy(tried, base, keep);
        memcpy(tried + keep, suffix, (size_t)len + 1);
        r = record_of(t, tried);
    }
    r->taken = true;
    r->value = value;
    return r->name;
}
