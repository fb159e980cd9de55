/* Command-line options from a table. */
#include "runtime/cli/args.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *program = "cnas"; /* of this process; written once, at the start of main */

const char *cn_program(void)
{
    return program;
}

static int silent;

void cn_fail_silently(int on)
{
    silent = on;
}

int cn_fail(int status, const char *format, ...)
{
    va_list args;
    if (silent)
        return status;
    fflush(stdout);
    fprintf(stderr, "%s: ", program);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return status;
}

static void help(const struct cn_arg *options, size_t n, const char *usage, const char *about)
{
    enum { COLUMN = 26 };
    printf("Usage: %s %s\n%s\n\nOptions:\n", program, usage, about);
    for (size_t i = 0; i <= n; i++) {
        static const struct cn_arg own = {.name = "help", .kind = CN_ARG_FLAG, .help = "print this and exit"};
        const struct cn_arg *o = i < n ? &options[i] : &own;
        char left[64];
        snprintf(left, sizeof left, o->kind == CN_ARG_FLAG ? "--%s" : o->kind == CN_ARG_OPTIONAL ? "--%s[=%s]" : "--%s %s", o->name,
                 o->value);
        printf("  %-*s ", COLUMN - 3, left);
        if (strlen(left) > COLUMN - 3)
            printf("\n%*s", COLUMN, "");
        for (const char *c = o->help; *c; c++) {
            putchar(*c);
            if (*c == '\n')
                printf("%*s", COLUMN, "");
        }
        putchar('\n');
    }
}

const char *cn_digits(uint64_t *out, const char *text, uint64_t least, uint64_t most)
{
    const char *at = text;
    uint64_t n = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        const uint64_t digit = (uint64_t)(*at - '0');
        if (n > (UINT64_MAX - digit) / 10)
            return NULL;
        n = 10 * n + digit;
    }
    *out = n;
    return at == text || n < least || n > most ? NULL : at;
}

static int number(const struct cn_arg *o, const char *text)
{
    char *end;
    errno = 0;
    double v = strtod(text, &end);
    int whole = o->kind == CN_ARG_UINT;
    int digits = *text && text[strspn(text, "0123456789")] == '\0', decimal = text[strspn(text, "0123456789.eE+-")] == '\0';
    if (end == text || !decimal || *end || errno || !isfinite(v) || (whole && !digits) || v < o->min || v > o->max)
        return whole ? cn_fail(2, "--%s needs a whole number from %.0f to %.0f, not `%s'", o->name, o->min, o->max, text)
                     : cn_fail(2, "--%s needs a number from %.15g to %.15g, not `%s'", o->name, o->min, o->max, text);
    if (whole)
        *(uint64_t *)o->out = strtoull(text, NULL, 10);
    else
        *(double *)o->out = v;
    return -1;
}

static int duration(const struct cn_arg *o, const char *text)
{
    static const struct {
        char unit;
        double seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    double sum = 0;
    const char *at = text;
    do {
        char *end = (char *)(uintptr_t)at;
        double v = *at >= '0' && *at <= '9' ? strtod(at, &end) : NAN, seconds = 0;
        for (size_t i = 0; i < sizeof units / sizeof *units; i++)
            if (end != at && *end == units[i].unit)
                seconds = units[i].seconds;
        sum += seconds > 0 ? v * seconds : NAN;
        at = end + (seconds > 0);
    } while (*at && sum <= o->max);
    if (strpbrk(text, "xX")) /* strtod takes hexadecimal digits too */
        sum = NAN;
    if (!(sum >= o->min && sum <= o->max))
        return cn_fail(2, "--%s needs a time such as 90s, 30m or 1h30m, from %.15gs to %.15gd, not `%s'", o->name, o->min, o->max / 86400, text);
    *(double *)o->out = sum;
    return -1;
}

static const struct cn_arg *find(const struct cn_arg *options, size_t n, const char *name, size_t length)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(options[i].name) == length && !memcmp(options[i].name, name, length))
            return &options[i];
    return NULL;
}

/* argv[*i] is "--name" or "--name=VALUE". */
static int option(int argc, char **argv, int *i, const struct cn_arg *options, size_t n)
{
    const char *name = argv[*i] + 2, *equals = strchr(name, '=');
    const struct cn_arg *o = find(options, n, name, equals ? (size_t)(equals - name) : strlen(name));
    const char *value = equals ? equals + 1 : NULL;
    if (!o)
        return cn_fail(2, "unknown option `%s'; see %s --help", argv[*i], program);
    if (o->kind == CN_ARG_FLAG) {
        if (value)
            return cn_fail(2, "--%s takes no value", o->name);
        *(int *)o->out = 1;
        return -1;
    }
    if (value && !*value)
        return cn_fail(2, "--%s needs a value that is not empty", o->name);
    if (o->kind == CN_ARG_OPTIONAL) {
        *(const char **)o->out = value ? value : "";
        return -1;
    }
    if (!value) {
        if (*i + 1 >= argc)
            return cn_fail(2, "--%s needs a value: --%s %s", o->name, o->name, o->value);
        value = argv[++*i];
    }
    if (!*value)
        return cn_fail(2, "--%s needs a value that is not empty", o->name);
    if (o->kind == CN_ARG_LIST) {
        struct cn_arg_list *list = o->out;
        if (list->n == list->max)
            return cn_fail(2, "--%s was given too often (more than %zu times)", o->name, list->max);
        list->values[list->n++] = value;
        return -1;
    }
    if (o->kind == CN_ARG_DURATION)
        return duration(o, value);
    if (o->kind != CN_ARG_STRING)
        return number(o, value);
    *(const char **)o->out = value;
    return -1;
}

int cn_args_parse(int argc, char **argv, const struct cn_arg *options, size_t n, const char **operands, size_t max_operands,
                  size_t *n_operands, const char *usage, const char *about)
{
    int only_operands = 0;
    *n_operands = 0;
    if (argc > 0) {
        const char *slash = strrchr(argv[0], '/');
        program = slash ? slash + 1 : argv[0];
        if (!strncmp(program, "lt-", 3)) /* libtool's name for a program that is not installed yet */
            program += 3;
    }
    for (int i = 1; i < argc; i++) {
        if (!only_operands && argv[i][0] == '-' && argv[i][1]) {
            if (!strcmp(argv[i], "--")) {
                only_operands = 1;
                continue;
            }
            if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
                help(options, n, usage, about);
                return 0;
            }
            static char long_out[] = "--out"; /* the one short form that every compiler has taught */
            if (!strcmp(argv[i], "-o") && find(options, n, "out", 3))
                argv[i] = long_out;
            if (argv[i][1] != '-')
                return cn_fail(2, "unknown option `%s'; options start with two dashes, see %s --help", argv[i], program);
            int status = option(argc, argv, &i, options, n);
            if (status >= 0)
                return status;
        } else if (!*argv[i]) {
            return cn_fail(2, "argument %d is empty; see %s --help", i, program);
        } else if (*n_operands == max_operands) {
            return cn_fail(2, "`%s' is one argument too many; see %s --help", argv[i], program);
        } else {
            operands[(*n_operands)++] = argv[i];
        }
    }
    return -1;
}
