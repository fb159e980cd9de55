/* Which ReLUs go that the arguments of relu-prune name in some way:
 *   marked            those marked @prune
 *   cull=STAGE        all of a stage (DeepReDuce's culling)
 *   thin, thin=STAGE  of every stage, or of one, the second, fourth, ... in the order of the graph (DeepReDuce's thinning). The first
 *                     stays, so that no stage becomes linear
 *   drop=NAME         this one
 *   keep=NAME         all others */
#include "compiler/base/map.h"
#include "compiler/base/nearest.h"
#include "compiler/base/text.h"
#include "compiler/pass/prune.h"

#include <inttypes.h>
#include <string.h>

struct named {
    struct pass_context *c;
    const struct ir_graph *g;
    struct prune_stages stages;
    struct map relus; /* by name: the node */
    const char **why;
};

enum { MOST_NAMES = 12 };

/* "stage 2 (16x16" or "stage (16x16", to be gone on with */
static const char *stage_text(const struct named *s, uint32_t i)
{
    const struct prune_stage *at = &s->stages.at[i];
    return at->number ? arena_printf(s->c->arena, "stage %" PRId64 " (%s", at->number, at->name) : arena_printf(s->c->arena, "stage (%s", at->name);
}

static bool no_stage(struct named *s, const char *stage)
{
    struct text all = text_new(s->c->arena);
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->stages.n && n < MOST_NAMES; i++)
        if (s->stages.at[i].number || s->stages.at[i].relus)
            text_add(&all, "%s%s, ReLU layers: %" PRIu32 ")", n++ ? ", " : "", stage_text(s, i), s->stages.at[i].relus);
    diag_error_at(s->c->diag, &s->c->asked_at, E_PASS_ARGUMENTS, "relu-prune: network %s has no stage %s", s->g->name, stage);
    diag_note_at(s->c->diag, &s->c->asked_at, "it has %s%s", text_str(&all), n == MOST_NAMES ? ", ..." : "");
    return false;
}

static bool no_relu(struct named *s, const char *name)
{
    struct nearest near = nearest_to(name);
    struct text all = text_new(s->c->arena);
    const char *is = NULL;
    for (ir_id id = 0; id < s->g->n_nodes; id++)
        if (strcmp(s->g->nodes[id].name, name) == 0)
            is = ir_op_name(s->g->nodes[id].op);
    for (size_t i = 0; i < s->relus.n; i++) {
        nearest_try(&near, s->relus.entries[i].key);
        if (i < MOST_NAMES)
            text_add(&all, "%s%s", i ? ", " : "", s->relus.entries[i].key);
    }
    diag_error_at(s->c->diag, &s->c->asked_at, E_PASS_ARGUMENTS, "relu-prune: network %s has no ReLU `%s`", s->g->name, name);
    if (is)
        diag_note_at(s->c->diag, &s->c->asked_at, "`%s` is of operator %s", name, is);
    else if (near.best)
        diag_note_at(s->c->diag, &s->c->asked_at, "did you mean `%s`?", near.best);
    else if (s->relus.n)
        diag_note_at(s->c->diag, &s->c->asked_at, "its ReLUs are: %s%s", text_str(&all), s->relus.n > MOST_NAMES ? ", ..." : "");
    return false;
}

static void go(struct named *s, ir_id id, const char *why)
{
    if (!s->why[id])
        s->why[id] = why;
}

static void go_marked(struct named *s)
{
    for (ir_id id = 0; id < s->g->n_nodes; id++)
        if (s->g->nodes[id].op == IR_RELU && s->g->nodes[id].prune)
            go(s, id, "which is marked @prune");
}

static bool find_stage(const struct named *s, const struct pass_arg *arg, uint32_t *stage)
{
    int64_t number = 0;
    bool numbered = pass_arg_count(arg, &number);
    for (*stage = 0; *stage < s->stages.n; ++*stage)
        if (numbered ? s->stages.at[*stage].number == number : strcmp(s->stages.at[*stage].name, arg->value) == 0)
            return true;
    return false;
}

/* arg: with a stage, or of all stages. */
static bool go_of_stage(struct named *s, const struct pass_arg *arg)
{
    bool thin = strcmp(arg->word, "thin") == 0;
    uint32_t stage = 0, *seen = ARENA_ARRAY(s->c->arena, uint32_t, s->stages.n);
    if (arg->value && !find_stage(s, arg, &stage))
        return no_stage(s, arg->value);
    for (uint32_t i = 0; i < s->stages.n; i++)
        seen[i] = 0;
    for (ir_id id = 0; id < s->g->n_nodes; id++) {
        uint32_t of = s->stages.of[id];
        if (s->g->nodes[id].op != IR_RELU || (arg->value && of != stage))
            continue;
        if (!thin)
            go(s, id, arena_printf(s->c->arena, "as all of %s)", stage_text(s, of)));
        else if (seen[of]++ % 2 == 1)
            go(s, id, arena_printf(s->c->arena, "as every other one of %s)", stage_text(s, of)));
    }
    if (arg->value && s->stages.at[stage].relus == 0)
        remark(s->c->remarks, REMARK_MISSED, &s->c->asked_at, 0, "%s) has no ReLUs", stage_text(s, stage));
    return true;
}

static bool go_all_but_kept(struct named *s)
{
    bool *kept = ARENA_ARRAY(s->c->arena, bool, s->g->n_nodes);
    memset(kept, 0, s->g->n_nodes * sizeof *kept);
    for (size_t i = 0; i < s->c->args->n; i++) {
        const struct ir_node *n = map_get(&s->relus, s->c->args->at[i].value);
        if (!n)
            return no_relu(s, s->c->args->at[i].value);
        kept[n - s->g->nodes] = true;
    }
    for (ir_id id = 0; id < s->g->n_nodes; id++)
        if (s->g->nodes[id].op == IR_RELU && !kept[id])
            go(s, id, "which is none of those to be kept");
    return true;
}

static bool follow(struct named *s, const struct pass_arg *arg)
{
    if (strcmp(arg->word, "marked") == 0)
        go_marked(s);
    if (strcmp(arg->word, "cull") == 0 || strcmp(arg->word, "thin") == 0)
        return go_of_stage(s, arg);
    if (strcmp(arg->word, "drop") == 0) {
        const struct ir_node *n = map_get(&s->relus, arg->value);
        if (!n)
            return no_relu(s, arg->value);
        go(s, (ir_id)(n - s->g->nodes), "as asked by name");
    }
    return true;
}

const char **prune_named(struct pass_context *c, const struct ir_graph *g)
{
    struct named s = {c, g, prune_stages_of(c->arena, g), map_new(c->arena), ARENA_ARRAY(c->arena, const char *, g->n_nodes)};
    for (ir_id id = 0; id < g->n_nodes; id++) {
        s.why[id] = NULL;
        if (g->nodes[id].op == IR_RELU)
            map_set(&s.relus, g->nodes[id].name, (void *)&g->nodes[id]);
    }
    bool good = true;
    if (c->args->n == 0)
        go_marked(&s);
    else if (pass_args_have(c->args, "keep"))
        good = go_all_but_kept(&s);
    else
        for (size_t i = 0; i < c->args->n; i++)
            good = follow(&s, &c->args->at[i]) && good;
    return good ? s.why : NULL;
}
