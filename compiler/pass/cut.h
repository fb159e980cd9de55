/* The cheapest set of vertices of a directed graph that every way from a source to a sink goes through. */
#ifndef COMPILER_PASS_CUT_H
#define COMPILER_PASS_CUT_H

#include "compiler/base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CUT_NEVER (INT64_MAX / 4) /* a cost: not for any price. The costs below it, all together, are below it too */

struct cut;
struct cut *cut_new(struct arena *a, uint32_t n_vertices);

void cut_cost(struct cut *c, uint32_t vertex, int64_t cost); /* of the vertex in the set; set once */
void cut_edge(struct cut *c, uint32_t from, uint32_t to);
void cut_source(struct cut *c, uint32_t vertex);
void cut_sink(struct cut *c, uint32_t vertex);
/* To be paid if there is a way from a source to this vertex and the vertex is not in the set. */
void cut_toll(struct cut *c, uint32_t vertex, int64_t cost);

/* chosen[v]: v is in the set. Of several cheapest sets, the one nearest to the sources. */
const bool *cut_solve(struct cut *c);

#endif
