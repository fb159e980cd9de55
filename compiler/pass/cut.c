/* Minimum vertex cuts as maximum flows.
 *
 * Source:  Ford and Fulkerson, "Maximal Flow through a Network", 1956 (cut = flow; a vertex with a capacity is an edge between
 * two halves of it); Dinic 1970: flow along shortest ways, all of one length at a time. Names:   vertex v has the halves 2v,
 * where edges enter, and 2v + 1, where they leave. */
#include "compiler/pass/cut.h"

#include "compiler/base/vec.h"

struct edge {
    uint32_t to, next; /* next: the list of edges from one half; 0 ends it */
    int64_t room;
};

struct cut {
    struct arena *arena;
    uint32_t n, source, sink; /* halves, with both ends */
    VEC(struct edge) edges;   /* 0 and 1 unused; edge e and its reverse e ^ 1 */
    uint32_t *first, *now;    /* per half: its edges; those not yet found useless at this length */
    uint32_t *level;          /* per half: edges from the source + 1; 0: not reached */
    uint32_t *queue;
};

struct cut *cut_new(struct arena *a, uint32_t n_vertices)
{
    struct cut *c = ARENA_NEW(a, struct cut);
    if (n_vertices > UINT32_MAX / 2 - 1)
        bug("more vertices than numbers");
    c->arena = a;
    c->n = 2 * n_vertices + 2;
    c->source = c->n - 2;
    c->sink = c->n - 1;
    c->first = ARENA_ARRAY(a, uint32_t, c->n);
    c->now = ARENA_ARRAY(a, uint32_t, c->n);
    c->level = ARENA_ARRAY(a, uint32_t, c->n);
    c->queue = ARENA_ARRAY(a, uint32_t, c->n);
    vec_push(a, &c->edges, ((struct edge){0}));
    vec_push(a, &c->edges, ((struct edge){0}));
    return c;
}

static void edge(struct cut *c, uint32_t from, uint32_t to, int64_t room)
{
    vec_push(c->arena, &c->edges, ((struct edge){to, c->first[from], room}));
    c->first[from] = (uint32_t)c->edges.n - 1;
    vec_push(c->arena, &c->edges, ((struct edge){from, c->first[to], 0}));
    c->first[to] = (uint32_t)c->edges.n - 1;
}

void cut_cost(struct cut *c, uint32_t vertex, int64_t cost)
{
    edge(c, 2 * vertex, 2 * vertex + 1, cost);
}

void cut_edge(struct cut *c, uint32_t from, uint32_t to)
{
    edge(c, 2 * from + 1, 2 * to, CUT_NEVER);
}

void cut_source(struct cut *c, uint32_t vertex)
{
    edge(c, c->source, 2 * vertex, CUT_NEVER);
}

void cut_sink(struct cut *c, uint32_t vertex)
{
    edge(c, 2 * vertex + 1, c->sink, CUT_NEVER);
}

void cut_toll(struct cut *c, uint32_t vertex, int64_t cost)
{
    edge(c, 2 * vertex + 1, c->sink, cost);
}

/* Levels of all halves that the source reaches. */
static bool reach(struct cut *c)
{
    uint32_t n = 0;
    memset(c->level, 0, c->n * sizeof *c->level);
    c->level[c->source] = 1;
    c->queue[n++] = c->source;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t v = c->queue[i];
        for (uint32_t e = c->first[v]; e; e = c->edges.at[e].next) {
            const struct edge *edge = &c->edges.at[e];
            if (edge->room > 0 && !c->level[edge->to]) {
                c->level[edge->to] = c->level[v] + 1;
                c->queue[n++] = edge->to;
            }
        }
    }
    return c->level[c->sink];
}

/* Fills all ways of the length that reach found. path: the edges from the source to where the walk is; a walk that ends takes its
 * last edge away for good. */
static void fill(struct cut *c)
{
    uint32_t *path = c->queue, n = 0, v = c->source;
    memcpy(c->now, c->first, c->n * sizeof *c->now);
    for (;;) {
        if (v == c->sink) {
            int64_t least = INT64_MAX;
            uint32_t tight = 0;
            for (uint32_t i = n; i-- > 0;)
                if (c->edges.at[path[i]].room <= least) {
                    least = c->edges.at[path[i]].room;
                    tight = i;
                }
            for (uint32_t i = 0; i < n; i++) {
                c->edges.at[path[i]].room -= least;
                c->edges.at[path[i] ^ 1].room += least;
            }
            n = tight; /* the first edge that is full now */
            v = c->edges.at[path[n] ^ 1].to;
            continue;
        }
        uint32_t e = c->now[v];
        while (e && !(c->edges.at[e].room > 0 && c->level[c->edges.at[e].to] == c->level[v] + 1))
            e = c->edges.at[e].next;
        c->now[v] = e;
        if (e) {
            path[n++] = e;
            v = c->edges.at[e].to;
        } else if (n > 0) {
            c->level[v] = 0;
            v = c->edges.at[path[--n] ^ 1].to;
        } else {
            return;
        }
    }
}

const bool *cut_solve(struct cut *c)
{
    while (reach(c))
        fill(c);
    const uint32_t n = c->n / 2 - 1;
    bool *chosen = ARENA_ARRAY(c->arena, bool, n);
    for (uint32_t v = 0; v < n; v++)
        chosen[v] = c->level[2 * v] && !c->level[2 * v + 1];
    return chosen;
}
