/* The table of what was measured, and as text. */
#define _GNU_SOURCE /* memmem */
#include <stdio.h>
#include <string.h>

#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"
#include "runtime/engine/tuning_table.h"

enum { ENTRIES = 1 << 14 };
static const char separator[] = " = ";
static const double patience_s = 2;

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
    struct cn_engine_tuning_entry *more = cn_mem_alloc(room, sizeof *more);
    if (!more)
        return 0;
    if (t->n)
        memcpy(more, t->entry, t->n * sizeof *more);
    cn_mem_free(t->entry);
    t->entry = more;
    t->room = room;
    return 1;
}

/* There is no room for one more question. */
static int is_full(const struct cn_engine_tuning *t, const char *question)
{
    return t->n >= ENTRIES && !is_known(t, find(t, question), question);
}

/* NULL: no memory. Not for a full table. */
static struct cn_engine_tuning_entry *put(struct cn_engine_tuning *t, const char *question, const char *answer)
{
    const size_t at = find(t, question);
    if (!is_known(t, at, question)) {
        if (!grow(t))
            return NULL;
        memmove(t->entry + at + 1, t->entry + at, (t->n++ - at) * sizeof *t->entry);
        t->entry[at] = (struct cn_engine_tuning_entry){0};
        snprintf(t->entry[at].question, CN_ENGINE_TUNING_TEXT, "%s", question);
    }
    snprintf(t->entry[at].answer, CN_ENGINE_TUNING_TEXT, "%s", answer);
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

enum cnas_status cn_engine_tuning_record(struct cn_engine_tuning *t, const char *question, const char *answer, int passing)
{
    cn_require(strlen(question) < CN_ENGINE_TUNING_TEXT && strlen(answer) < CN_ENGINE_TUNING_TEXT && !strstr(question, separator) &&
               !strstr(answer, separator));
    if (is_full(t, question)) /* it is measured again next time */
        return CNAS_OK;
    struct cn_engine_tuning_entry *e = put(t, question, answer);
    if (!e)
        return CNAS_E_MEMORY;
    e->used = 1;
    e->fresh = !passing;
    return CNAS_OK;
}

void cn_engine_tuning_lose(struct cn_engine_tuning *t)
{
    t->lost++;
}

size_t cn_engine_tuning_lost(const struct cn_engine_tuning *t)
{
    return t->lost;
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

/* One line without its newline: its parts go to the texts, of CN_ENGINE_TUNING_TEXT bytes. 0: it is none. */
static int split(const char *line, size_t n, char *question, char *answer)
{
    const char *middle = find_in(line, n, separator);
    if (!middle || !printable(line, n))
        return 0;
    const char *right = middle + strlen(separator);
    const size_t left_size = (size_t)(middle - line), right_size = n - left_size - strlen(separator);
    if (!left_size || !right_size || left_size >= CN_ENGINE_TUNING_TEXT || right_size >= CN_ENGINE_TUNING_TEXT ||
        find_in(right, right_size, separator))
        return 0;
    snprintf(question, CN_ENGINE_TUNING_TEXT, "%.*s", (int)left_size, line);
    snprintf(answer, CN_ENGINE_TUNING_TEXT, "%.*s", (int)right_size, right);
    return 1;
}

/* The lines of a text as a table of its own, whose questions must ascend: the text is hostile, and what is sorted already is joined in one
 * pass. CNAS_E_FORMAT: it is none. *out is freed with cn_mem_free; NULL for no lines. */
static enum cnas_status parse(struct cn_engine_tuning_entry **out, size_t *n, const char *text, size_t size)
{
    const char *end;
    size_t lines = 0, i = 0;
    *out = NULL;
    *n = 0;
    for (const char *at = text; size && (at = memchr(at, '\n', size - (size_t)(at - text))); at++)
        if (++lines > ENTRIES)
            return CNAS_E_FORMAT;
    if (!lines)
        return size ? CNAS_E_FORMAT : CNAS_OK;
    struct cn_engine_tuning_entry *all = cn_mem_alloc(lines, sizeof *all);
    if (!all)
        return CNAS_E_MEMORY;
    for (; size && (end = memchr(text, '\n', size)); i++) {
        all[i] = (struct cn_engine_tuning_entry){0};
        if (!split(text, (size_t)(end - text), all[i].question, all[i].answer) || (i && strcmp(all[i - 1].question, all[i].question) >= 0))
            break;
        size -= (size_t)(end + 1 - text);
        text = end + 1;
    }
    if (size) {
        cn_mem_free(all);
        return CNAS_E_FORMAT;
    }
    *out = all;
    *n = lines;
    return CNAS_OK;
}

/* Where both know an answer, it is the newcomer's. */
static struct cn_engine_tuning_entry both(const struct cn_engine_tuning_entry *old, const struct cn_engine_tuning_entry *more)
{
    struct cn_engine_tuning_entry e = *more;
    e.used = old->used;
    return e;
}

enum cnas_status cn_engine_tuning_join(struct cn_engine_tuning *t, const char *text, size_t size)
{
    struct cn_engine_tuning_entry *more, *all;
    size_t n, i = 0, j = 0, count = 0;
    CNAS_TRY(parse(&more, &n, text, size));
    if (!n)
        return CNAS_OK;
    const size_t room = t->n + n;
    all = cn_mem_alloc(room, sizeof *all);
    while (all && (i < t->n || j < n)) {
        const int order = i == t->n ? 1 : j == n ? -1 : strcmp(t->entry[i].question, more[j].question);
        if (order < 0) {
            all[count++] = t->entry[i++];
        } else if (order > 0) {
            all[count++] = more[j++];
        } else {
            all[count++] = both(&t->entry[i++], &more[j++]);
        }
    }
    cn_mem_free(more);
    if (!all || count > ENTRIES) {
        cn_mem_free(all);
        return CNAS_E_MEMORY;
    }
    cn_mem_free(t->entry);
    t->entry = all;
    t->n = count;
    t->room = room;
    return CNAS_OK;
}

enum cnas_status cn_engine_tuning_take_fresh(struct cn_engine_tuning *t, const struct cn_engine_tuning *from)
{
    for (size_t i = 0; i < from->n; i++)
        if (from->entry[i].fresh && !is_full(t, from->entry[i].question) && !put(t, from->entry[i].question, from->entry[i].answer))
            return CNAS_E_MEMORY;
    return CNAS_OK;
}

char *cn_engine_tuning_text(const struct cn_engine_tuning *t, int only_used, const char *head)
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
    *text = cn_engine_tuning_text(t, 1, "");
    return *text ? CNAS_OK : CNAS_E_MEMORY;
}

enum cnas_status cn_engine_tuning_import(struct cn_engine_tuning *t, const char *text, size_t size, struct cnas_error *err)
{
    const enum cnas_status status = size > CN_ENGINE_TUNING_MOST ? CNAS_E_FORMAT : cn_engine_tuning_join(t, text, size);
    if (status == CNAS_E_FORMAT)
        return cn_error(err, status, "this is no list of chosen kernels");
    return status ? cn_error(err, status, "no memory for the list of chosen kernels") : CNAS_OK;
}
