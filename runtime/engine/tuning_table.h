/* What the table (tuning.c) and its file (tuning_file.c) share. */
#ifndef RUNTIME_ENGINE_TUNING_TABLE_H
#define RUNTIME_ENGINE_TUNING_TABLE_H

#include "runtime/engine/tuning.h"

enum { CN_ENGINE_TUNING_TEXT = 256, CN_ENGINE_TUNING_MOST = 1 << 22 /* bytes of all entries as text */ };

struct cn_engine_tuning_entry {
    char question[CN_ENGINE_TUNING_TEXT], answer[CN_ENGINE_TUNING_TEXT];
    int used;  /* asked for, or recorded */
    int fresh; /* for the file, and not in it */
};

struct cn_engine_tuning {
    struct cn_engine_tuning_entry *entry; /* by question */
    size_t n, room, lost;
    double spent;
    int noticed;
    void (*notice)(void *user);
    void *user;
};

/* Joins the lines of a text, whose answers replace those known and are not fresh. As import. */
CNAS_CHECKED enum cnas_status cn_engine_tuning_join(struct cn_engine_tuning *, const char *text, size_t size);
/* Another table's fresh answers replace those known, as many as there is room for. CNAS_E_MEMORY: not all of these did. */
CNAS_CHECKED enum cnas_status cn_engine_tuning_take_fresh(struct cn_engine_tuning *, const struct cn_engine_tuning *from);
/* Those entries, after `head`, to be freed with cn_mem_free. NULL: no memory. */
char *cn_engine_tuning_text(const struct cn_engine_tuning *, int only_used, const char *head);

#endif
