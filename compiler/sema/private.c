/* The private { } section: how the network is to be computed in private inference, into struct ir_private. What the language can say is
 * checked here; what this version can do of it, where the network is lowered. */
#include "compiler/sema/section.h"

#include <string.h>

const struct builtin builtin_private_table[] = {
    {.name = "gc", .is_constant = true, .constant = {.kind = VALUE_SYMBOL, .symbol = "gc"}},
    {0},
};

static bool is_word(const struct value *v, const char *word)
{
    return v->kind == VALUE_SYMBOL && strcmp(v->symbol, word) == 0;
}

static struct ir_private *private_of(struct setter *s)
{
    return s->record;
}

static void set_protocol(struct setter *s, struct value v)
{
    if (is_word(&v, "auto"))
        private_of(s)->protocol = IR_PROTOCOL_AUTO;
    else if (is_word(&v, "gc"))
        private_of(s)->protocol = IR_PROTOCOL_GC;
    else
        section_refuse(s, "auto or gc (garbled circuits)", &v);
}

static void set_network(struct setter *s, struct value v)
{
    for (int i = 0; i < 2; i++)
        if (v.kind == VALUE_STRING && strcmp(v.string.bytes, ir_network_names[i]) == 0) {
            private_of(s)->network = (enum ir_network)i;
            return;
        }
    section_refuse(s, "\"lan\" or \"wan\"", &v);
}

static void set_bits(struct setter *s, const char *what, struct value v, int64_t least, int64_t most, int64_t *out)
{
    if (is_word(&v, "auto"))
        *out = 0;
    else if (v.kind != VALUE_INT)
        section_refuse(s, "auto or a number of bits", &v);
    else if (section_within(s, what, (double)v.integer, (double)least, (double)most))
        *out = v.integer;
}

static void set_ring(struct setter *s, struct value v)
{
    set_bits(s, "the ring's number of bits", v, IR_RING_MIN, IR_RING_MAX, &private_of(s)->ring);
}

static void set_fraction(struct setter *s, struct value v)
{
    set_bits(s, "the number of fraction bits", v, 1, IR_FRACTION_MAX, &private_of(s)->fraction);
}

static const struct section private_section = {
    "private",
    {{"protocol", set_protocol}, {"network", set_network}, {"ring", set_ring}, {"fraction", set_fraction}},
    "protocol, network, ring and fraction",
    NULL,
};

void eval_private(struct eval *e, const struct ast_stmt *s)
{
    struct ir_private private = {0};
    if (eval_section(e, s, &private_section, &e->private_at, &private))
        ir_builder_private(e->builder, &private);
}
