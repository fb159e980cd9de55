/* The file of what was measured:
 *
 *     cnas engine tuning 2, AuthenticAMD 00b20f21 AMD EPYC, oneDNN 2.6.3 avx512_core_bf16, blocks of 16
 *     QUESTION = ANSWER
 *     ...
 *     = BLAKE2b-256 of all lines before, in hexadecimal digits */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if defined __x86_64__ || defined __i386__
#include <cpuid.h>
#endif

#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/data/file.h"
#include "runtime/engine/dnnl.h"
#include "runtime/engine/format.h"
#include "runtime/engine/tuning_table.h"

enum { MACHINE = 256, DIGEST = crypto_generichash_BYTES, HEX = 2 * DIGEST + 1 };

/* What answers depend on beside the question. */
static void machine(char text[MACHINE])
{
    const struct cn_engine_dnnl *dnnl = cn_engine_dnnl(NULL);
    char vendor[13] = "", brand[49] = "";
    unsigned signature = 0;
#if defined __x86_64__ || defined __i386__
    unsigned r[4];
    if (__get_cpuid(0, &r[0], &r[1], &r[2], &r[3])) {
        memcpy(vendor, &r[1], 4);
        memcpy(vendor + 4, &r[3], 4);
        memcpy(vendor + 8, &r[2], 4);
    }
    if (__get_cpuid(1, &r[0], &r[1], &r[2], &r[3]))
        signature = r[0]; /* family, model, stepping: a brand may be as vague as "AMD EPYC" */
    for (unsigned i = 0; i < 3 && __get_cpuid(0x80000002 + i, &r[0], &r[1], &r[2], &r[3]); i++)
        memcpy(brand + 16 * i, r, 16);
#endif
    snprintf(text, MACHINE, "cnas engine tuning 2, %s %08x %s, %s, blocks of %u", vendor, signature, brand,
             dnnl ? cn_engine_dnnl_version(dnnl) : "no oneDNN", cn_engine_block());
    for (char *c = text; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
}

static void digest(char hex[HEX], const char *text, size_t size)
{
    unsigned char hash[DIGEST];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)text, size, NULL, 0);
    sodium_bin2hex(hex, HEX, hash, sizeof hash);
}

/* Freed with free(). NULL: there is no place for it. */
static char *file_path(const char *head)
{
    char hex[HEX], *folder = cn_file_cache_folder();
    if (!folder)
        return NULL;
    digest(hex, head, strlen(head));
    const size_t size = strlen(folder) + 64;
    char *path = malloc(size);
    if (path)
        snprintf(path, size, "%s/engine-tuning-%.16s", folder, hex);
    free(folder);
    return path;
}

/* A regular file whole, freed with cn_mem_free. *text NULL: there is none that may be read, or it is empty or too large to be of ours. */
static enum cnas_status read_file(char **text, size_t *size, const char *path, struct cnas_error *err)
{
    uint64_t bytes;
    int fd;
    *text = NULL;
    *size = 0;
    if (access(path, R_OK) && (errno == ENOENT || errno == EACCES)) /* another user's is of no use: it can be replaced */
        return CNAS_OK;
    CNAS_TRY(cn_file_open(&fd, &bytes, path, err));
    ssize_t n = 1;
    if (bytes && bytes <= CN_ENGINE_TUNING_MOST && (*text = cn_mem_alloc((size_t)bytes, 1)))
        while (*size < bytes && n) {
            n = read(fd, *text + *size, (size_t)bytes - *size);
            if (n < 0 && errno != EINTR)
                break;
            *size += n > 0 ? (size_t)n : 0;
        }
    close(fd);
    if (n < 0) {
        cn_mem_free(*text);
        *text = NULL;
        return cn_error(err, CNAS_E_IO, "%s: it cannot be read", cn_file_label(path));
    }
    if (bytes && bytes <= CN_ENGINE_TUNING_MOST && !*text)
        return cn_error(err, CNAS_E_MEMORY, "no memory for the list of chosen kernels");
    return CNAS_OK;
}

/* A file that is not there, damaged or foreign teaches nothing. A failure: what it says is not known. */
static enum cnas_status learn_file(struct cn_engine_tuning *t, const char *path, const char *head, struct cnas_error *err)
{
    char hex[HEX], *text;
    size_t size;
    enum cnas_status status = CNAS_OK;
    CNAS_TRY(read_file(&text, &size, path, err));
    const size_t start = strlen(head) + 1, tail = 2 + HEX; /* "= ", the digits, a newline */
    if (text && size >= start + tail && !memcmp(text, head, start - 1) && text[start - 1] == '\n') {
        const size_t body = size - tail;
        digest(hex, text, body);
        if (!memcmp(text + body, "= ", 2) && !memcmp(text + body + 2, hex, HEX - 1) && text[size - 1] == '\n')
            status = cn_engine_tuning_join(t, text + start, body - start);
    }
    cn_mem_free(text);
    if (status == CNAS_E_MEMORY)
        return cn_error(err, status, "no memory for the list of chosen kernels");
    return CNAS_OK;
}

void cn_engine_tuning_load(struct cn_engine_tuning *t)
{
    char head[MACHINE];
    machine(head);
    char *path = file_path(head);
    if (path)
        (void)!learn_file(t, path, head, NULL); /* what it does not say is measured again */
    free(path);
}

static int is_fresh(const struct cn_engine_tuning *t)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->entry[i].fresh)
            return 1;
    return 0;
}

/* What the file says now, as other programs may have added to it, and the fresh answers; then a digest of that in *hex. What a checkpoint
 * brought is not for it. */
static enum cnas_status new_text(char **text, char hex[HEX], const struct cn_engine_tuning *t, const char *path, const char *head,
                                 struct cnas_error *err)
{
    struct cn_engine_tuning file = {0};
    char first[MACHINE + 1];
    enum cnas_status status = learn_file(&file, path, head, err);
    *text = NULL;
    if (!status) {
        snprintf(first, sizeof first, "%s\n", head);
        if (cn_engine_tuning_take_fresh(&file, t) || !(*text = cn_engine_tuning_text(&file, 0, first)))
            status = cn_error(err, CNAS_E_MEMORY, "no memory for the list of chosen kernels");
        else
            digest(hex, *text, strlen(*text));
    }
    cn_mem_free(file.entry);
    return status;
}

enum cnas_status cn_engine_tuning_save(struct cn_engine_tuning *t, struct cnas_error *err)
{
    char head[MACHINE], hex[HEX], *text;
    if (!is_fresh(t))
        return CNAS_OK;
    machine(head);
    char *path = file_path(head);
    if (!path)
        return cn_error(err, CNAS_E_IO, "no cache folder: neither XDG_CACHE_HOME nor HOME is an absolute path");
    enum cnas_status status = new_text(&text, hex, t, path, head, err);
    if (!status) {
        const struct cn_file_part parts[] = {{text, strlen(text)}, {"= ", 2}, {hex, HEX - 1}, {"\n", 1}};
        status = cn_file_replace(path, parts, 4, err);
    }
    for (size_t i = 0; i < t->n && !status; i++)
        t->entry[i].fresh = 0;
    cn_mem_free(text);
    free(path);
    return status;
}
