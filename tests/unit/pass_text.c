#include "tests/unit/pass_text.h"

#include "compiler/ir/print.h"
#include "compiler/ir/verify.h"

#include <check.h>
#include <inttypes.h>
#include <string.h>

struct arena *pass_arena;

void pass_setup(void)
{
    pass_arena = arena_new();
}

void pass_teardown(void)
{
    arena_free(&pass_arena);
}

const struct ir_graph *pass_read(const char *text)
{
    struct ir_read_error e;
    const struct ir_graph *g = ir_read(pass_arena, text, strlen(text), &e);
    ck_assert_msg(g, "%d:%d: %s in %s", e.line, e.column, e.why, text);
    return g;
}

const char *pass_print(const struct ir_graph *g)
{
    struct text t = text_new(pass_arena);
    ir_print(&t, g);
    return text_str(&t);
}

int64_t pass_relus(const struct ir_graph *g)
{
    struct ir_cost all;
    ck_assert(ir_cost_total(g, &all));
    return all.relu_equivalents;
}

static const struct ir_graph *run(pass_function *pass, const struct ir_graph *g, struct remarks *remarks)
{
    static const struct pass_args none;
    *remarks = (struct remarks){.arena = pass_arena};
    struct pass_context c = {.arena = pass_arena, .args = &none, .remarks = remarks, .diag = diag_new(pass_arena)};
    return pass(&c, g);
}

const struct ir_graph *pass_over(pass_function *pass, const char *text, const char **said)
{
    struct remarks remarks, again;
    const struct ir_graph *g = pass_read(text), *h = run(pass, g, &remarks);
    ir_id node;
    const char *why = ir_verify(pass_arena, h, &node), *once = pass_print(h), *twice = pass_print(run(pass, h, &again));
    ck_assert_msg(!why, "%s\n%s", why, once);
    ck_assert_str_eq(once, twice);
    ck_assert_int_le(pass_relus(h), pass_relus(g));
    if (said) {
        struct text t = text_new(pass_arena);
        for (size_t i = 0; i < remarks.list.n; i++)
            text_add(&t, "%s %" PRId64 " %s\n", remark_flags[remarks.list.at[i].kind], remarks.list.at[i].relus,
                     remarks.list.at[i].text);
        *said = text_str(&t);
    }
    return h;
}

void pass_gives(pass_function *pass, const char *text, const char *want)
{
    ck_assert_str_eq(pass_print(pass_over(pass, text, NULL)), pass_print(pass_read(want)));
}

void pass_leaves(pass_function *pass, const char *text)
{
    struct remarks remarks;
    const struct ir_graph *g = pass_read(text), *h = run(pass, g, &remarks);
    ck_assert_msg(h == g, "became\n%s", pass_print(h));
}

const struct ir_node *pass_named(const struct ir_graph *g, const char *name)
{
    for (ir_id id = 0; id < g->n_nodes; id++)
        if (strcmp(g->nodes[id].name, name) == 0)
            return &g->nodes[id];
    return NULL;
}
