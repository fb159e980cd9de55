/* The main programs, the makefile fragment NET.mk, and a Makefile that uses it. */
#include "compiler/emit/emit_internal.h"

#include <string.h>

static void main_program(struct emit *e, const char *what, const char *arguments)
{
    struct text t = emit_file_new(e, false);
    text_line(&t, "#include \"%s.h\"", e->net);
    c_blank(&t);
    text_line(&t, "#include <cnas/cli.h>");
    c_blank(&t);
    c_open(&t, "int main(int argc, char **argv)");
    text_line(&t, "return cnas_%s_main(argc, argv, &%s_model%s);", what, e->net, arguments);
    c_end(&t, "");
    emit_file_add(e, arena_printf(e->a, "%s_%s_main.c", e->net, what), &t);
}

/* In the text, @n is the network's name, @N the same in capitals. */
static void add_template(struct emit *e, struct text *t, const char *s)
{
    for (; *s; s++) {
        if (s[0] == '@' && (s[1] == 'n' || s[1] == 'N'))
            text_add(t, "%s", *++s == 'n' ? e->net : e->upper);
        else
            text_add_bytes(t, s, 1);
    }
}

static const char fragment[] =
    "\n"
    "# For GNU make. Set @N_DIR to the folder of this file, then include it.\n"
    "# The library is found by pkg-config; to use one that is not installed, set CNAS_CFLAGS and CNAS_LIBS.\n"
    "@N_DIR ?= .\n"
    "PKG_CONFIG ?= pkg-config\n"
    "ifndef CNAS_LIBS\n"
    "CNAS_CFLAGS := $(shell $(PKG_CONFIG) --cflags cnascli cnas)\n"
    "CNAS_LIBS := $(shell $(PKG_CONFIG) --libs cnascli cnas)\n"
    "ifeq ($(CNAS_LIBS),)\n"
    "$(error pkg-config does not find cnas: install it, or add its folder to PKG_CONFIG_PATH, or set CNAS_CFLAGS and CNAS_LIBS)\n"
    "endif\n"
    "# The programs remember where the library is, unless the loader looks there anyway.\n"
    "CNAS_RPATH := -Wl,-rpath,\n"
    "CNAS_LIBS += $(addprefix $(CNAS_RPATH),$(filter-out /usr/lib /usr/lib/% /lib/%,$(shell $(PKG_CONFIG) --variable=libdir cnas)))\n"
    "endif\n"
    "CFLAGS ?= -O2\n"
    "\n";

static const char rules[] =
    "$(@N_NETWORK) $(@N_PARTIES) $(@N_MAINS): %.o: %.c $(@N_DIR)/@n.h $(@N_DIR)/@n_internal.h\n"
    "\t$(CC) -std=c11 -Wall -Wextra $(CPPFLAGS) $(CFLAGS) $(CNAS_CFLAGS) -c -o $@ $<\n"
    "\n";

static const char link_rule[] = "$(@N_PROGRAMS):\n"
                                "\t$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(CNAS_LIBS)\n";

static const char makefile[] = "\n"
                               ".PHONY: all clean\n"
                               "all:\n"
                               "include @n.mk\n"
                               "all: $(@N_PROGRAMS)\n"
                               "clean:\n"
                               "\trm -f $(@N_FILES)\n";

static const struct {
    enum emit_target target;
    const char *name;
    bool party; /* has a file of its own beside its main program */
} programs[] = {{EMIT_TRAIN, "train", false}, {EMIT_CLEAR_INFER, "infer", false}, {EMIT_SERVER, "server", true}, {EMIT_CLIENT, "client", true}};
enum { N_PROGRAMS = sizeof programs / sizeof *programs };

/* A list of files, one for each program that is wanted: @n_server.o ... */
static void add_files(struct emit *e, struct text *t, const char *what, const char *prefix, const char *suffix, bool only_parties)
{
    const char *blank = "";
    add_template(e, t, arena_printf(e->a, "@N_%s := $(addprefix $(@N_DIR)/,", what));
    for (int i = 0; i < N_PROGRAMS; i++)
        if ((e->o->targets & programs[i].target) && (programs[i].party || !only_parties)) {
            text_add(t, "%s%s%s%s%s", blank, e->net, prefix, programs[i].name, suffix);
            blank = " ";
        }
    text_add(t, ")\n");
}

static void make_fragment(struct emit *e)
{
    struct text t = emit_file_new(e, true);
    add_template(e, &t, fragment);
    add_template(e, &t, arena_printf(e->a, "@N_NETWORK := $(addprefix $(@N_DIR)/,@n.o%s%s)\n", e->p->is_private ? " @n_fixed.o" : "",
                                     e->o->served ? " @n_served.o @n_compose.o" : ""));
    add_files(e, &t, "PARTIES", "_", ".o", true);
    add_files(e, &t, "MAINS", "_", "_main.o", false);
    add_files(e, &t, "PROGRAMS", "-", "", false);
    add_template(e, &t, "@N_FILES := $(@N_NETWORK) $(@N_PARTIES) $(@N_MAINS) $(@N_PROGRAMS)\n\n");
    add_template(e, &t, rules);
    for (int i = 0; i < N_PROGRAMS; i++) {
        const char *name = programs[i].name;
        if (e->o->targets & programs[i].target)
            add_template(e, &t, arena_printf(e->a, "$(@N_DIR)/@n-%s: $(@N_DIR)/@n_%s_main.o %s$(@N_NETWORK)\n", name, name,
                                             programs[i].party ? arena_printf(e->a, "$(@N_DIR)/@n_%s.o ", name) : ""));
    }
    add_template(e, &t, link_rule);
    emit_file_add(e, arena_printf(e->a, "%s.mk", e->net), &t);
}

void emit_programs(struct emit *e)
{
    for (int i = 0; i < N_PROGRAMS; i++)
        if (e->o->targets & programs[i].target)
            main_program(e, programs[i].name,
                         !programs[i].party ? ""
                                            : arena_printf(e->a, ", %s_%s_offline, %s_%s_online", e->net, programs[i].name, e->net, programs[i].name));
    make_fragment(e);
    struct text t = emit_file_new(e, true);
    add_template(e, &t, makefile);
    emit_file_add(e, "Makefile", &t);
}
