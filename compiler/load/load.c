/* Reads files and follows imports, depth first, so that modules come out in the order in which they need each other. */
#include "compiler/load/load.h"

#include "compiler/base/map.h"
#include "compiler/base/nearest.h"
#include "compiler/load/embed.h"
#include "grammar/front.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_IMPORT_DEPTH = 100, MAX_PATH = 1000 };

enum state { IN_PROGRESS = 1, DONE };

struct entry { /* one module, known by the place its text came from */
    struct ast_module *module;
    enum state state;
};

struct loader {
    struct arena *arena;
    struct diag *diag;
    const struct load_options *options;
    struct map entries; /* place -> struct entry */
    VEC(struct ast_module *) order;
    VEC(const struct ast_import *) chain; /* the imports being followed, outermost first */
};

/* The whole file into the arena; NULL after saying why not in *why. */
static const char *read_all(struct arena *a, int fd, size_t *n, const char **why)
{
    char *bytes = NULL;
    size_t used = 0, cap = 0;
    for (;;) {
        if (used == cap) {
            size_t grown = cap ? 2 * cap : 1 << 16;
            char *p = realloc(bytes, grown);
            if (!p)
                bug("out of memory while reading a file");
            bytes = p;
            cap = grown;
        }
        ssize_t got = read(fd, bytes + used, cap - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            *why = strerror(errno);
            break;
        }
        if (got == 0) {
            char *copy = arena_strndup(a, bytes, used);
            free(bytes);
            *n = used;
            return copy;
        }
        used += (size_t)got;
        if (used > SOURCE_MAX) {
            *why = "larger than 64 MiB";
            break;
        }
    }
    free(bytes);
    return NULL;
}

/* NULL when there is no such file, or, with *why set, when it cannot be read. */
static const struct source *read_file(struct arena *a, const char *path, const char **why)
{
    *why = NULL;
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            *why = strerror(errno);
        return NULL;
    }
    struct stat st;
    size_t n = 0;
    const char *bytes = NULL;
    if (fd != STDIN_FILENO && fstat(fd, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode)) {
        *why = S_ISDIR(st.st_mode) ? "it is a directory" : "it is no regular file";
    } else {
        if (fd != STDIN_FILENO)
            fcntl(fd, F_SETFL, 0); /* O_NONBLOCK was for opening only */
        bytes = read_all(a, fd, &n, why);
    }
    if (fd != STDIN_FILENO)
        close(fd);
    return bytes ? source_new(a, strcmp(path, "-") == 0 ? "<stdin>" : path, bytes, n) : NULL;
}

static const char *with_slashes(struct arena *a, const char *dotted)
{
    char *path = arena_strdup(a, dotted);
    for (char *c = path; *c; c++)
        if (*c == '.')
            *c = '/';
    return path;
}

/* Where `import path` leads to: the source, or NULL after an error. */
static const struct source *find(struct loader *l, const struct ast_import *i, const struct source *importer)
{
    const char *path = i->path.text;
    if (strlen(path) > MAX_PATH) {
        diag_error(l->diag, i->path.at, E_NO_MODULE, "the path of a module has at most %d characters", MAX_PATH);
        return NULL;
    }
    if (strcmp(path, "std") == 0 || strncmp(path, "std.", 4) == 0) {
        const char *name = path[3] ? path + 4 : "";
        const struct embed_module *m = embed_find(name);
        if (m)
            return source_new(l->arena, arena_printf(l->arena, "<std>/%s.cnas", name), m->text, strlen(m->text));
        struct nearest near = nearest_to(name);
        for (size_t k = 0; k < embed_n_modules; k++)
            nearest_try(&near, embed_modules[k].name);
        diag_error(l->diag, i->path.at, E_NO_MODULE, "the standard library has no module `%s`", path);
        if (near.best)
            diag_note(l->diag, i->path.at, "did you mean `std.%s`?", near.best);
        return NULL;
    }
    const char *slash = strrchr(importer->name, '/');
    const char *relative = with_slashes(l->arena, path);
    struct text tried = text_new(l->arena);
    size_t n_dirs = l->options ? l->options->n_dirs : 0;
    for (size_t k = 0; k <= n_dirs; k++) {
        const char *file = k > 0   ? arena_printf(l->arena, "%s/%s.cnas", l->options->dirs[k - 1], relative)
                           : slash ? arena_printf(l->arena, "%.*s/%s.cnas", (int)(slash - importer->name), importer->name, relative)
                                   : arena_printf(l->arena, "%s.cnas", relative);
        const char *why;
        const struct source *s = read_file(l->arena, file, &why);
        if (s)
            return s;
        if (why) {
            diag_error(l->diag, i->path.at, E_IO, "cannot read `%s`: %s", file, why);
            return NULL;
        }
        text_add(&tried, "%s%s", k ? ", " : "", file);
    }
    diag_error(l->diag, i->path.at, E_NO_MODULE, "there is no module `%s`", path);
    diag_note(l->diag, i->path.at, "looked for %s", text_str(&tried));
    if (embed_find(path))
        diag_note(l->diag, i->path.at, "the standard library has one: did you mean `std.%s`?", path);
    return NULL;
}

static struct ast_module *load_source(struct loader *l, const struct source *s, const char *name);

static void report_cycle(struct loader *l, const struct ast_import *i, const struct ast_module *target)
{
    diag_error(l->diag, i->path.at, E_IMPORT_CYCLE, "`%s` is imported in a circle", i->path.text);
    size_t k = l->chain.n;
    while (k > 0 && l->chain.at[k - 1]->at.source != target->source)
        k--;
    for (k = k ? k - 1 : 0; k < l->chain.n; k++)
        diag_note(l->diag, l->chain.at[k]->path.at, "the circle goes through this import of `%s`", l->chain.at[k]->path.text);
}

static const struct ast_module *follow(struct loader *l, const struct ast_import *i, const struct source *importer)
{
    if (l->chain.n >= MAX_IMPORT_DEPTH) {
        diag_error(l->diag, i->path.at, E_IMPORT_DEPTH, "imports are nested more than %d deep", MAX_IMPORT_DEPTH);
        return NULL;
    }
    const struct source *s = find(l, i, importer);
    if (!s)
        return NULL;
    struct entry *known = map_get(&l->entries, s->name);
    if (known && known->state == IN_PROGRESS) {
        report_cycle(l, i, known->module);
        return NULL;
    }
    if (known)
        return known->module;
    vec_push(l->arena, &l->chain, i);
    const struct ast_module *m = load_source(l, s, i->path.text);
    l->chain.n--;
    return m;
}

static struct ast_module *load_source(struct loader *l, const struct source *s, const char *name)
{
    diag_source(l->diag, s);
    struct entry *e = ARENA_NEW(l->arena, struct entry);
    e->module = front_parse(l->arena, l->diag, s);
    e->module->name = name;
    e->state = IN_PROGRESS;
    map_set(&l->entries, s->name, e);
    for (size_t i = 0; i < e->module->imports.n; i++) {
        struct ast_import *import = e->module->imports.at[i];
        import->module = follow(l, import, s);
    }
    e->state = DONE;
    e->module->index = (uint32_t)l->order.n;
    vec_push(l->arena, &l->order, e->module);
    return e->module;
}

static const struct ast_program *load_all(struct arena *a, struct diag *d, const struct source *s, const struct load_options *o)
{
    struct ast_program *p = ARENA_NEW(a, struct ast_program);
    if (!s)
        return p;
    struct loader l = {.arena = a, .diag = d, .options = o, .entries = map_new(a)};
    load_source(&l, s, "");
    p->modules = l.order.at;
    p->n_modules = l.order.n;
    return p;
}

const struct ast_program *load_program(struct arena *a, struct diag *d, const char *path, const struct load_options *o)
{
    const char *why;
    const struct source *s = read_file(a, path, &why);
    if (!s)
        diag_error(d, (struct span){0}, E_IO, "cannot read `%s`: %s", path, why ? why : strerror(ENOENT));
    return load_all(a, d, s, o);
}

const struct ast_program *load_text(struct arena *a, struct diag *d, const char *name, const char *bytes, size_t n,
                                    const struct load_options *o)
{
    return load_all(a, d, source_new(a, name, bytes, n), o);
}

bool load_define(struct arena *a, struct diag *d, const char *argument, struct ast_define *out)
{
    const struct source *s = source_new(a, "<command line>", argument, strlen(argument));
    return front_parse_define(a, d, s, out);
}
