/* Command-line options of the generated programs: --name VALUE, --name=VALUE, --flag, operands; --help; -o for --out.
 * A table says what exists; wrong usage is told on stderr with the nearest advice and is exit status 2. */
#ifndef RUNTIME_CLI_ARGS_H
#define RUNTIME_CLI_ARGS_H

#include <stddef.h>
#include <stdint.h>

enum cn_arg_kind {
    CN_ARG_FLAG,    /* int: set to 1 */
    CN_ARG_STRING,  /* const char * */
    CN_ARG_OPTIONAL,/* const char *: value only as --name=VALUE; "" without one */
    CN_ARG_LIST,    /* struct cn_arg_list *: one more value each time the option is given */
    CN_ARG_UINT,    /* uint64_t in min..max */
    CN_ARG_REAL,    /* double in min..max */
    CN_ARG_DURATION /* double, seconds, min..max: a number with s, m, h or d behind it, or several of these: "90s", "1h30m" */
};

struct cn_arg_list {
    const char **values; /* room for max */
    size_t n, max;
};

struct cn_arg {
    const char *name;     /* without the dashes */
    enum cn_arg_kind kind;
    void *out;            /* left alone when the option is not given */
    const char *value;    /* what it is called in the help: "FILE"; NULL for a flag */
    const char *help;     /* one line; may hold newlines, which are indented */
    double min, max;      /* of numbers; exact up to 2^53 */
};

/* Parses argv against the n options. Operands go to operands[0..*n_operands), at most max_operands.
 * Returns -1 to go on, else the exit status: 0 after --help (on stdout), 2 after a usage error (on stderr).
 * usage: what follows the program's name ("[OPTION]... IMAGE"); about: a sentence on what the program does. */
int cn_args_parse(int argc, char **argv, const struct cn_arg *options, size_t n, const char **operands, size_t max_operands,
                  size_t *n_operands, const char *usage, const char *about);

/* The number that the digits at the start of text are, and where they end. NULL: there are none, or it is not in least..most. */
const char *cn_digits(uint64_t *out, const char *text, uint64_t least, uint64_t most);

/* "PROGRAM: message" on stderr, printf style. Returns status, so that drivers write: return cn_fail(1, "..."). */
int cn_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* on: cn_fail prints nothing, because another process says the same. */
void cn_fail_silently(int on);
/* The last part of argv[0]; set by cn_args_parse. */
const char *cn_program(void);

#endif
