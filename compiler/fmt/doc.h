/* Texts that may be laid out in several ways: pieces, places where a line may break, and groups that break together.
 *
 * Source: Wadler, "A prettier printer" (2003), with the fill and the strict left-to-right printer of Oppen's line of work.
 * Differs: comments are pieces of their own, which have no width and end their line. */
#ifndef COMPILER_FMT_DOC_H
#define COMPILER_FMT_DOC_H

#include "compiler/base/text.h"
#include "compiler/base/vec.h"

#include <stdbool.h>
#include <stdint.h>

#define DOC_WIDTH 100

enum doc_kind {
    DOC_TEXT,
    DOC_PAD,     /* as many blanks as its number says */
    DOC_LINE,    /* a newline in a broken group, otherwise its text: a blank or nothing */
    DOC_COMMENT, /* on a line of its own */
    DOC_TRAIL,   /* a comment behind the text before it; ends the line */
    DOC_CAT,
    DOC_INDENT,  /* lines in it begin 4 columns further right */
    DOC_ALIGN,   /* lines in it begin in the column where it begins */
    DOC_GROUP,   /* its lines break all or none */
    DOC_FILL,    /* piece, line, piece, line...: each line breaks if the piece behind it does not fit */
};

struct doc {
    enum doc_kind kind;
    bool forced; /* holds something that needs a newline, or is a line that the author broke */
    bool blank;  /* a line with an empty line before it, if it breaks */
    bool ends;   /* a trail: it runs to the end of the line */
    const char *bytes;
    size_t n;
    size_t pad;
    struct {
        struct doc **at;
        size_t n, cap;
    } parts;
};

struct doc *doc_text(struct arena *a, const char *bytes, size_t n);
struct doc *doc_word(struct arena *a, const char *word);
struct doc *doc_pad(struct arena *a);
struct doc *doc_line(struct arena *a, const char *flat); /* flat: "" or " " */
struct doc *doc_comment(struct arena *a, const char *bytes, size_t n);
struct doc *doc_trail(struct arena *a, const char *bytes, size_t n, bool ends);
struct doc *doc_new(struct arena *a, enum doc_kind kind); /* cat, indent, align, group or fill: without parts */
void doc_add(struct arena *a, struct doc *to, struct doc *part); /* NULL: nothing */

/* Where printing is. */
struct doc_printer {
    struct text *out;
    size_t column;
    bool must_break; /* a comment ended the line: a newline comes before anything else */
    bool blank;      /* a blank comes before more text on this line */
    struct {
        uint32_t *at; /* where in out a trailing comment begins */
        size_t n, cap;
    } trails;
};

/* indent: columns. The text ends without a newline. */
void doc_print(struct doc_printer *p, const struct doc *d, size_t indent);
void doc_newline(struct doc_printer *p, size_t indent, bool blank); /* the same newline twice is one */

size_t doc_columns(const char *bytes, size_t n); /* code points */

#endif
