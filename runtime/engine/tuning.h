/* What was measured to be fastest on this machine, remembered: a table from questions to answers, both short texts without
 * newlines, such as "conv forward f32 n128 ... t2" and "winograd".
 *
 * Kept in a file of its own for every CPU model, oneDNN version and vector width, so that runs repeat each other bit for bit; a
 * checkpoint carries the answers that its run used (export, import), which go before those of the file. */
#ifndef RUNTIME_ENGINE_TUNING_H
#define RUNTIME_ENGINE_TUNING_H

#include <stddef.h>

#include <cnas/status.h>

struct cn_engine_tuning;

/* notice (may be NULL) is called at most once, when measuring has taken over two seconds: a program can say why it is slow. */
CNAS_CHECKED enum cnas_status cn_engine_tuning_new(struct cn_engine_tuning **, void (*notice)(void *user), void *user);
void cn_engine_tuning_free(struct cn_engine_tuning **); /* NULL *tuning is fine */

/* Reads what this machine's file knows: $XDG_CACHE_HOME/cnas/engine-tuning-HASH, else ~/.cache/cnas/.... A file that is missing,
 * damaged or foreign teaches nothing. */
void cn_engine_tuning_load(struct cn_engine_tuning *);
/* Adds what was measured since load, and not in passing, to the file, atomically; a file that is there and cannot be read stays. A failure means measuring again next time: whoever cares looks at
 * the status. */
CNAS_CHECKED enum cnas_status cn_engine_tuning_save(struct cn_engine_tuning *, struct cnas_error *);

/* The answer to a question, NULL if there is none; valid until the table changes. */
const char *cn_engine_tuning_lookup(struct cn_engine_tuning *, const char *question);
/* passing: the answer of this run, and of those that go on from its checkpoint, which is not saved to the file. */
CNAS_CHECKED enum cnas_status cn_engine_tuning_record(struct cn_engine_tuning *, const char *question, const char *answer, int passing);
/* An answer that was looked up names a kernel that is not to be had: counted. */
void cn_engine_tuning_lose(struct cn_engine_tuning *);
size_t cn_engine_tuning_lost(const struct cn_engine_tuning *);
/* Time spent on measuring, for the notice. */
void cn_engine_tuning_spent(struct cn_engine_tuning *, double seconds);

/* Every question looked up or recorded since _new, with its answer, in lines "question: answer\n", sorted: what a run depended
 * on. The text is freed with cn_mem_free. */
CNAS_CHECKED enum cnas_status cn_engine_tuning_export(const struct cn_engine_tuning *, char **text);
/* Answers of such a text (size bytes, hostile) replace those known, for this run: they are not saved. CNAS_E_FORMAT: it is none, nor sorted, or has more than 16384
 * lines; on failure nothing changed. */
CNAS_CHECKED enum cnas_status cn_engine_tuning_import(struct cn_engine_tuning *, const char *text, size_t size,
                                                      struct cnas_error *);

#endif
