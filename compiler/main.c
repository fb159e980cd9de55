/* cnasc: compiles network descriptions with ReLU budgets to C. */
#include "compiler/base/file.h"
#include "compiler/compile.h"
#include "compiler/document.h"
#include "compiler/explain.h"
#include "compiler/format.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/* A closed standard stream must not come back as a file of ours. What is written to it then fails, and is noticed. */
static void occupy_streams(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF && open("/dev/null", O_RDONLY) != fd)
            _exit(COMPILE_FAILED);
}

static int run(struct arena *a, const struct options *o)
{
    switch (o->command) {
    case COMMAND_FMT:
        return format_run(a, o);
    case COMMAND_EXPLAIN:
        return explain_run(a, o);
    case COMMAND_DOC:
        return document_run(a, o);
    default:
        return compile_run(a, o);
    }
}

static int show(const struct text *t, enum options_outcome outcome)
{
    const char *why;
    if (outcome == OPTIONS_WRONG) {
        fputs(text_str(t), stderr);
        return COMPILE_FAILED;
    }
    if (file_print(t->arena, text_str(t), t->n, &why))
        return COMPILE_DONE;
    fprintf(stderr, "cnasc: %s\n", why);
    return COMPILE_FAILED;
}

int main(int argc, char **argv)
{
    occupy_streams();
    signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error like any other: reported, status 2 */
    struct arena *a = arena_new();
    struct options o;
    struct text t = text_new(a);
    enum options_outcome outcome = options_parse(&o, &t, argc, argv);
    int status = outcome == OPTIONS_RUN ? run(a, &o) : show(&t, outcome);
    arena_free(&a);
    return status;
}
