/* The table of what was measured, and its file:
 *
 *     cnas engine tuning 1, AuthenticAMD 00b20f21 AMD EPYC, oneDNN 2.6.3 avx512_core_bf16, blocks of 16
 *     QUESTION = ANSWER
 *     ...
 *     = BLAKE2b-256 of all lines before, in hexadecimal digits */
#define _GNU_SOURCE /* memmem */
#include "runtime/engine/tuning.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined __x86_64__ || defined __i386__
#include <cpuid.h>
#endif

#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"
#include "runtime/data/file.h"
#include "runtime/engine/dnnl.h"
#include "runtime/engine/format.h"

enum {
    TEXT = 256,
    MACHINE = 256,
    ENTRIES = 1 << 14,
    FILE_MOST = 1 << 22,
    DIGEST = crypto_generichash_BYTES,
    HEX = 2 * DIGEST + 1
};
static const char separator[] = " = ";
static const double patience_s = 2;

struct entry {
    char question[TEXT], answer[TEXT];
    int used;  /* asked for, or recorded */
    int fresh; /* not in the file */
};

struct cn_engine_tuning {
    struct entry *entry; /* by question */
    size_t n, room;
    double spent;
    int noticed;
    void (*notice)(void *user);
    void *user;
};

enum cnas_status cn_engine_tuning_new(struct cn_engine_tuning **out, void (*notice)(void *user), void *user)
{
    struct cn_engine_tuning *t = *out = cn_mem_zalloc(1, sizeof *t);
    if (!t)
        return CNAS_E_MEMORY;
    t->notice = notice;
    t->user = user;
    return CNAS_OK;
}

void cn_engine_tuning_free(struct cn_engine_tuning **tuning)
{
    if (*tuning)
        cn_mem_free((*tuning)->entry);
    cn_mem_free(*tuning);
    *tuning = NULL;
}

/* ---- the table ---- */

/* The first entry that is not before the question. */
static size_t find(const struct cn_engine_tuning *t, const char *question)
{
    size_t low = 0, high = t->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(t->entry[middle].question, question) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int is_known(const struct cn_engine_tuning *t, size_t at, const char *question)
{
    return at < t->n && !strcmp(t->entry[at].question, question);
}

static int grow(struct cn_engine_tuning *t)
{
    if (t->n < t->room)
        return 1;
    const size_t room = t->room ? 2 * t->room : 64;
    struct entry *more = cn_mem_alloc(room, sizeof *more);
    if (!more)
        return 0;
    if (t->n)
        memcpy(more, t->entry, t->n * sizeof *more);
    cn_mem_free(t->entry);
    t->entry = more;
    t->room = room;
    return 1;
}

/* NULL: no memory, or a full table. */
static struct entry *put(struct cn_engine_tuning *t, const char *question, const char *answer)
{
    const size_t at = find(t, question);
    if (!is_known(t, at, question)) {
        if (t->n == ENTRIES || !grow(t))
            return NULL;
        memmove(t->entry + at + 1, t->entry + at, (t->n++ - at) * sizeof *t->entry);
        t->entry[at] = (struct entry){.fresh = 1};
        snprintf(t->entry[at].question, TEXT, "%s", question);
    }
    snprintf(t->entry[at].answer, TEXT, "%s", answer);
    return &t->entry[at];
}

const char *cn_engine_tuning_lookup(struct cn_engine_tuning *t, const char *question)
{
    const size_t at = find(t, question);
    if (!is_known(t, at, question))
        return NULL;
    t->entry[at].used = 1;
    return t->entry[at].answer;
}

enum cnas_status cn_engine_tuning_record(struct cn_engine_tuning *t, const char *question, const char *answer)
{
    cn_require(strlen(question) < TEXT && strlen(answer) < TEXT && !strstr(question, separator) && !strstr(answer, separator));
    struct entry *e = put(t, question, answer);
    if (!e)
        return CNAS_E_MEMORY;
    e->used = e->fresh = 1;
    return CNAS_OK;
}

void cn_engine_tuning_spent(struct cn_engine_tuning *t, double seconds)
{
    t->spent += seconds;
    if (t->spent < patience_s || t->noticed)
        return;
    t->noticed = 1;
    if (t->notice)
        t->notice(t->user);
}

/* ---- as text ---- */

static int printable(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] < ' ' || text[i] > '~')
            return 0;
    return 1;
}

static const char *find_in(const char *text, size_t n, const char *what)
{
    return memmem(text, n, what, strlen(what));
}

/* One line without its newline: its parts go to the texts, of TEXT bytes. 0: it is none. */
static int split(const char *line, size_t n, char *question, char *answer)
{
    const char *middle = find_in(line, n, separator);
    if (!middle || !printable(line, n))
        return 0;
    const char *right = middle + strlen(separator);
    const size_t left_size = (size_t)(middle - line), right_size = n - left_size - strlen(separator);
    if (!left_size || !right_size || left_size >= TEXT || right_size >= TEXT || find_in(right, right_size, separator))
        return 0;
    snprintf(question, TEXT, "%.*s", (int)left_size, line);
    snprintf(answer, TEXT, "%.*s", (int)right_size, right);
    return 1;
}

/* Every line, in order; stops with 0 where `line` does, or at what is no line. */
static int each_line(const char *text, size_t size, int (*line)(struct cn_engine_tuning *, const char *, const char *),
                     struct cn_engine_tuning *t)
{
    while (size) {
        char question[TEXT], answer[TEXT];
        const char *end = memchr(text, '\n', size);
        if (!end || !split(text, (size_t)(end - text), question, answer) || !line(t, question, answer))
            return 0;
        size -= (size_t)(end + 1 - text);
        text = end + 1;
    }
    return 1;
}

static int accept(struct cn_engine_tuning *t, const char *question, const char *answer)
{
    (void)t;
    (void)question;
    (void)answer;
    return 1;
}

static int replace(struct cn_engine_tuning *t, const char *question, const char *answer)
{
    return put(t, question, answer) != NULL;
}

static int learn(struct cn_engine_tuning *t, const char *question, const char *answer)
{
    struct entry *e = is_known(t, find(t, question), question) ? t->entry + find(t, question) : put(t, question, answer);
    if (!e)
        return 0;
    if (!strcmp(e->answer, answer))
        e->fresh = 0;
    return 1;
}

/* Those entries, after `head`. NULL: no memory. */
static char *as_text(const struct cn_engine_tuning *t, int only_used, const char *head)
{
    size_t size = strlen(head) + 1, at;
    for (size_t i = 0; i < t->n; i++)
        size += strlen(t->entry[i].question) + strlen(t->entry[i].answer) + strlen(separator) + 1;
    char *text = cn_mem_alloc(size, 1);
    if (!text)
        return NULL;
    at = (size_t)snprintf(text, size, "%s", head);
    for (size_t i = 0; i < t->n; i++)
        if (!only_used || t->entry[i].used)
            at += (size_t)snprintf(text + at, size - at, "%s%s%s\n", t->entry[i].question, separator, t->entry[i].answer);
    return text;
}

enum cnas_status cn_engine_tuning_export(const struct cn_engine_tuning *t, char **text)
{
    *text = as_text(t, 1, "");
    return *text ? CNAS_OK : CNAS_E_MEMORY;
}

enum cnas_status cn_engine_tuning_import(struct cn_engine_tuning *t, const char *text, size_t size, struct cnas_error *err)
{
    if (size > FILE_MOST || !each_line(text, size, accept, NULL))
        return cn_error(err, CNAS_E_FORMAT, "this is no list of chosen kernels");
    return each_line(text, size, replace, t) ? CNAS_OK : cn_error(err, CNAS_E_MEMORY, "no memory for the list of chosen kernels");
}

/* ---- the file ---- */

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
    snprintf(text, MACHINE, "cnas engine tuning 1, %s %08x %s, %s, blocks of %u", vendor, signature, brand,
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

/* A regular file whole, freed with cn_mem_free. NULL: it cannot be read or is too large. */
static char *read_file(const char *path, size_t *size)
{
    struct stat s;
    char *text = NULL;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return NULL;
    if (!fstat(fd, &s) && S_ISREG(s.st_mode) && s.st_size > 0 && s.st_size <= FILE_MOST &&
        (text = cn_mem_alloc((size_t)s.st_size, 1))) {
        *size = 0;
        while (*size < (size_t)s.st_size) {
            const ssize_t n = read(fd, text + *size, (size_t)s.st_size - *size);
            if (n < 0 && errno == EINTR)
                continue;
            if (n <= 0)
                break;
            *size += (size_t)n;
        }
    }
    close(fd);
    return text;
}

static void learn_file(struct cn_engine_tuning *t, const char *path, const char *head)
{
    char hex[HEX];
    size_t size;
    char *text = read_file(path, &size);
    const size_t start = strlen(head) + 1, tail = 2 + HEX; /* "= ", the digits, a newline */
    if (text && size >= start + tail && !memcmp(text, head, start - 1) && text[start - 1] == '\n') {
        const size_t body = size - tail;
        digest(hex, text, body);
        if (!memcmp(text + body, "= ", 2) && !memcmp(text + body + 2, hex, HEX - 1) && text[size - 1] == '\n')
            (void)each_line(text + start, body - start, learn, t); /* as far as memory goes */
    }
    cn_mem_free(text);
}

void cn_engine_tuning_load(struct cn_engine_tuning *t)
{
    char head[MACHINE];
    machine(head);
    char *path = file_path(head);
    if (path)
        learn_file(t, path, head);
    free(path);
}

static int is_fresh(const struct cn_engine_tuning *t)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->entry[i].fresh)
            return 1;
    return 0;
}

/* What other programs have added meanwhile is learned first. */
enum cnas_status cn_engine_tuning_save(struct cn_engine_tuning *t, struct cnas_error *err)
{
    char head[MACHINE + 1], hex[HEX];
    enum cnas_status status;
    if (!is_fresh(t))
        return CNAS_OK;
    machine(head);
    char *path = file_path(head);
    if (!path)
        return cn_error(err, CNAS_E_IO, "no cache folder: neither XDG_CACHE_HOME nor HOME is an absolute path");
    learn_file(t, path, head);
    strcat(head, "\n");
    char *text = as_text(t, 0, head);
    if (text) {
        digest(hex, text, strlen(text));
        const struct cn_file_part parts[] = {{text, strlen(text)}, {"= ", 2}, {hex, HEX - 1}, {"\n", 1}};
        status = cn_file_replace(path, parts, 4, err);
    } else {
        status = cn_error(err, CNAS_E_MEMORY, "no memory for the list of chosen kernels");
    }
    for (size_t i = 0; i < t->n && !status; i++)
        t->entry[i].fresh = 0;
    cn_mem_free(text);
    free(path);
    return status;
}
