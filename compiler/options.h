/* The command line. */
#ifndef COMPILER_OPTIONS_H
#define COMPILER_OPTIONS_H

#include "compiler/base/diag_warnings.h"
#include "compiler/base/text.h"
#include "compiler/base/vec.h"
#include "compiler/pass/pass.h"
#include "compiler/report/count.h"

#include <stdbool.h>
#include <stdint.h>

enum command { COMMAND_NONE, COMMAND_CHECK, COMMAND_BUILD, COMMAND_COUNT, COMMAND_REPORT, COMMAND_FMT, COMMAND_DOC, COMMAND_EXPLAIN };
enum emit_kind { EMIT_C, EMIT_IR, EMIT_PLAN, EMIT_DOT, EMIT_JSON, EMIT_AST, EMIT_CNAS };
enum colour { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

struct strings {
    const char **at;
    size_t n, cap;
};

struct options {
    enum command command;
    struct strings words;         /* what is no option: files; "-": standard input */
    const char *input;            /* the first of them */
    const char *output;           /* -o: the directory for C, the file for text; NULL: none */
    enum emit_kind emit;
    unsigned targets;             /* EMIT_ bits of compiler/emit/emit.h */
    bool from_ir;                 /* the input is textual IR */
    struct strings dirs, defines; /* -I, -D */
    struct strings picks;         /* --pick */
    const char *network;          /* NULL: the only one */
    bool depend;                  /* -MMD */
    const char *depend_file;      /* -MF; NULL: beside the output */
    struct strings depend_targets; /* -MT; none: the files that are written */
    struct diag_warnings warnings;
    int64_t max_errors;           /* 0: no limit */
    enum colour colour;
    bool json;                    /* diagnostics for tools */
    const char *dump_after;       /* a pass, or elaborate; NULL: none */
    struct pass_settings passes;  /* -O, -f */
    struct strings remarks[REMARK_KINDS]; /* -Rpass...: the passes that are listened to; "": all */
    bool remarks_json;            /* --remarks=json: not among the diagnostics */
    const char *remarks_file;     /* NULL: standard error */
    enum count_by by;             /* count: the second table */
    bool format_json;             /* count */
    bool verify;
    bool check, in_place;         /* fmt */
};

enum options_outcome {
    OPTIONS_RUN,   /* *o says what to do */
    OPTIONS_SHOWN, /* out holds what was asked for: help, a version... */
    OPTIONS_WRONG, /* out holds what is wrong, for standard error */
};

/* argv as main got it. Everything in o is borrowed from argv or lives in out's arena. */
enum options_outcome options_parse(struct options *o, struct text *out, int argc, char *const *argv);

#endif
