/* oneDNN, loaded when it is first needed: no program has to link it or to have it in order to start.
 *
 * oneDNN of Debian runs on the threads of libgomp, which comes with it; `team` is those threads for our own loops, so that there
 * is one pool and not two. */
#ifndef RUNTIME_ENGINE_DNNL_H
#define RUNTIME_ENGINE_DNNL_H

#include "config.h"

#include <cnas/status.h>

#include "runtime/kernel/ctx.h"

struct cn_engine_dnnl;

/* NULL: it cannot be used, err says why and what to install (CNAS_E_IO). Looks once; thread-safe, except that the first call
 * changes the environment for a moment: no other thread may then read it. */
const struct cn_engine_dnnl *cn_engine_dnnl(struct cnas_error *err);
/* Runs the context's loops on oneDNN's threads. */
void cn_engine_dnnl_adopt(const struct cn_engine_dnnl *, struct cnas_ctx *);
/* 1 if convolutions in bfloat16 are faster than in floats on this CPU. */
int cn_engine_dnnl_has_bf16(const struct cn_engine_dnnl *);
/* Version and vector unit, such as "oneDNN 2.6.3 avx512_core_bf16": what results depend on beside the CPU. */
const char *cn_engine_dnnl_version(const struct cn_engine_dnnl *);

#ifdef HAVE_DNNL
#include <oneapi/dnnl/dnnl.h>

/* The functions in use: members without the prefix dnnl_. */
#define CN_ENGINE_DNNL_FUNCTIONS(F)                                                                                              \
    F(dilated_convolution_forward_desc_init)                                                                                     \
    F(dilated_convolution_backward_data_desc_init)                                                                               \
    F(dilated_convolution_backward_weights_desc_init) F(engine_create) F(get_effective_cpu_isa) F(memory_create)                 \
        F(memory_desc_equal) F(memory_desc_get_size) F(memory_desc_init_by_tag) F(memory_destroy) F(post_ops_append_eltwise)     \
            F(post_ops_append_sum) F(post_ops_create) F(post_ops_destroy) F(primitive_attr_create) F(primitive_attr_destroy)     \
                F(primitive_attr_set_post_ops) F(primitive_attr_set_scratchpad_mode) F(primitive_create)                         \
                    F(primitive_desc_create) F(primitive_desc_destroy) F(primitive_desc_iterator_create)                         \
                        F(primitive_desc_iterator_destroy) F(primitive_desc_iterator_fetch) F(primitive_desc_iterator_next)      \
                            F(primitive_desc_query) F(primitive_desc_query_md) F(primitive_destroy) F(primitive_execute)         \
                                F(reorder_primitive_desc_create) F(stream_create) F(stream_wait) F(version)

struct cn_engine_dnnl {
#define MEMBER(name) __typeof__(dnnl_##name) *name;
    CN_ENGINE_DNNL_FUNCTIONS(MEMBER)
#undef MEMBER
    void (*set_num_threads)(int); /* omp_set_num_threads: of the calling thread */
    struct cn_kernel_team team;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    char text[64];
};
#endif

#endif
