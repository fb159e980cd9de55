/* Loading oneDNN. */
#include "runtime/engine/dnnl.h"

#include "runtime/base/error.h"

#ifndef HAVE_DNNL

const struct cn_engine_dnnl *cn_engine_dnnl(struct cnas_error *err)
{
    cn_error(err, CNAS_E_IO, "this build has no oneDNN (Debian: apt-get install libdnnl-dev, then configure and build again)");
    return NULL;
}

int cn_engine_dnnl_has_bf16(const struct cn_engine_dnnl *d)
{
    (void)d;
    return 0;
}

const char *cn_engine_dnnl_version(const struct cn_engine_dnnl *d)
{
    (void)d;
    return "none";
}

#else

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define TEXT(number) #number
#define SONAME(major) "libdnnl.so." TEXT(major)
static const char file[] = SONAME(DNNL_VERSION_MAJOR); /* "libdnnl.so.2" */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct cn_engine_dnnl library;
static struct cnas_error failure;

/* A pointer to a function from dlsym's pointer to an object, as POSIX promises it works. */
static int find(void *handle, const char *name, void *member, size_t size)
{
    void *symbol = dlsym(handle, name);
    memcpy(member, &symbol, size);
    return symbol != NULL;
}

static const char *isa_name(dnnl_cpu_isa_t isa)
{
    static const struct {
        dnnl_cpu_isa_t isa;
        const char *name;
    } names[] = {
        {dnnl_cpu_isa_sse41, "sse41"},
        {dnnl_cpu_isa_avx, "avx"},
        {dnnl_cpu_isa_avx2, "avx2"},
        {dnnl_cpu_isa_avx2_vnni, "avx2_vnni"},
        {dnnl_cpu_isa_avx512_core, "avx512_core"},
        {dnnl_cpu_isa_avx512_core_vnni, "avx512_core_vnni"},
        {dnnl_cpu_isa_avx512_core_bf16, "avx512_core_bf16"},
        {dnnl_cpu_isa_avx512_core_amx, "avx512_core_amx"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].isa == isa)
            return names[i].name;
    return "other";
}

static enum cnas_status open_library(struct cnas_error *err)
{
    struct cn_engine_dnnl *d = &library;
    void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        return cn_error(err, CNAS_E_IO, "oneDNN cannot be loaded (Debian: apt-get install libdnnl2): %.150s", dlerror());
    int all = 1;
#define FIND(name) all = all && find(handle, "dnnl_" #name, &d->name, sizeof d->name);
    CN_ENGINE_DNNL_FUNCTIONS(FIND)
#undef FIND
    if (!all)
        return cn_error(err, CNAS_E_IO, "%s lacks functions that oneDNN %d.%d has", file, DNNL_VERSION_MAJOR, DNNL_VERSION_MINOR);
    const dnnl_version_t *v = d->version();
    if (v->major != DNNL_VERSION_MAJOR || v->cpu_runtime != DNNL_RUNTIME_OMP ||
        !find(handle, "omp_get_max_threads", &d->get_max_threads, sizeof d->get_max_threads) ||
        !find(handle, "omp_set_num_threads", &d->set_num_threads, sizeof d->set_num_threads))
        return cn_error(err, CNAS_E_IO, "%s is oneDNN %d.%d.%d, but version %d with OpenMP is needed", file, v->major, v->minor,
                        v->patch, DNNL_VERSION_MAJOR);
    if (d->engine_create(&d->engine, dnnl_cpu, 0) != dnnl_success ||
        d->stream_create(&d->stream, d->engine, dnnl_stream_default_flags) != dnnl_success)
        return cn_error(err, CNAS_E_IO, "%s does not start", file);
    snprintf(d->text, sizeof d->text, "oneDNN %d.%d.%d %s", v->major, v->minor, v->patch, isa_name(d->get_effective_cpu_isa()));
    return CNAS_OK;
}

static void open_once(void)
{
    failure.status = open_library(&failure);
}

const struct cn_engine_dnnl *cn_engine_dnnl(struct cnas_error *err)
{
    pthread_once(&once, open_once);
    if (!failure.status)
        return &library;
    if (err)
        *err = failure;
    return NULL;
}

int cn_engine_dnnl_has_bf16(const struct cn_engine_dnnl *d)
{
    const dnnl_cpu_isa_t isa = d->get_effective_cpu_isa();
    return isa == dnnl_cpu_isa_avx512_core_bf16 || isa == dnnl_cpu_isa_avx512_core_amx;
}

const char *cn_engine_dnnl_version(const struct cn_engine_dnnl *d)
{
    return d->text;
}

#endif
