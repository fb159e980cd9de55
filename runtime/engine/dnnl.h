/* oneDNN, loaded when it is first needed: no program has to link it or to have it in order to start.
 *
 * It works in the thread that calls it: the context's threads share the work out among themselves (conv_split.c), and those of libgomp,
 * which oneDNN of Debian would use, are never started. */
#ifndef RUNTIME_ENGINE_DNNL_H
#define RUNTIME_ENGINE_DNNL_H

#include "config.h"

#include <cnas/status.h>


struct cn_engine_dnnl;

/* NULL: it cannot be used, err says why and what to install (CNAS_E_IO). Looks once; thread-safe. */
const struct cn_engine_dnnl *cn_engine_dnnl(struct cnas_error *err);
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
        F(memory_desc_equal) F(memory_desc_get_size) F(memory_desc_init_by_tag) F(memory_destroy) F(primitive_attr_create)       \
            F(primitive_attr_destroy) F(primitive_attr_set_scratchpad_mode) F(primitive_create) F(primitive_desc_create)         \
                F(primitive_desc_destroy) F(primitive_desc_iterator_create) F(primitive_desc_iterator_destroy)                   \
                    F(primitive_desc_iterator_fetch) F(primitive_desc_iterator_next) F(primitive_desc_query)                     \
                        F(primitive_desc_query_md) F(primitive_destroy) F(primitive_execute) F(reorder_primitive_desc_create)    \
                            F(stream_create) F(stream_wait) F(version)

struct cn_engine_dnnl {
#define MEMBER(name) __typeof__(dnnl_##name) *name;
    CN_ENGINE_DNNL_FUNCTIONS(MEMBER)
#undef MEMBER
    void (*set_num_threads)(int); /* omp_set_num_threads: what the calling thread will ask for */
    int (*get_max_threads)(void);
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    char text[64];
};

/* CNAS_E_MEMORY may be otherwise another time; CNAS_E_RANGE: it does not do that. */
static inline enum cnas_status cn_engine_dnnl_status(dnnl_status_t said)
{
    return said == dnnl_success ? CNAS_OK : said == dnnl_out_of_memory ? CNAS_E_MEMORY : CNAS_E_RANGE;
}

/* Around whatever makes or runs primitives. OpenMP of a program that embeds the library keeps its own number of threads. */
static inline int cn_engine_dnnl_alone(const struct cn_engine_dnnl *d)
{
    const int threads = d->get_max_threads();
    if (threads != 1)
        d->set_num_threads(1);
    return threads;
}
static inline void cn_engine_dnnl_as_before(const struct cn_engine_dnnl *d, int threads)
{
    if (threads != 1)
        d->set_num_threads(threads);
}
#endif

#endif
