/* A growable array in an arena: struct { T *at; size_t n, cap; }. Old copies stay in the arena until it is freed.
 *   VEC(int) v = {0};  vec_push(arena, &v, 7);  v.at[0], v.n */
#ifndef COMPILER_BASE_VEC_H
#define COMPILER_BASE_VEC_H

#include "compiler/base/arena.h"

#include <string.h>

#define VEC(type)      \
    struct {           \
        type *at;      \
        size_t n, cap; \
    }

#define vec_push(a, v, value)                                                              \
    do {                                                                                   \
        if ((v)->n == (v)->cap) {                                                          \
            size_t vec_cap_ = (v)->cap ? 2 * (v)->cap : 8;                                 \
            void *vec_new_ = arena_array((a), vec_cap_, sizeof *(v)->at);                  \
            if ((v)->n)                                                                    \
                memcpy(vec_new_, (v)->at, (v)->n * sizeof *(v)->at);                       \
            (v)->at = vec_new_;                                                            \
            (v)->cap = vec_cap_;                                                           \
        }                                                                                  \
        (v)->at[(v)->n++] = (value);                                                       \
    } while (0)

#endif
