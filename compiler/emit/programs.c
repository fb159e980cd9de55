/* The four main programs, the makefile fragment NET.mk, and a Makefile that uses it. */
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
    "\n"
    "@N_NETWORK := $(addprefix $(@N_DIR)/,@n.o @n_fixed.o)\n"
    "@N_PARTIES := $(addprefix $(@N_DIR)/,@n_server.o @n_client.o)\n"
    "@N_MAINS := $(addprefix $(@N_DIR)/,@n_train_main.o @n_infer_main.o @n_server_main.o @n_client_main.o)\n"
    "@N_PROGRAMS := $(addprefix $(@N_DIR)/,@n-train @n-infer @n-server @n-client)\n"
    "@N_FILES := $(@N_NETWORK) $(@N_PARTIES) $(@N_MAINS) $(@N_PROGRAMS)\n"
    "\n"
    "$(@N_NETWORK) $(@N_PARTIES) $(@N_MAINS): %.o: %.c $(@N_DIR)/@n.h $(@N_DIR)/@n_internal.h\n"
    "\t$(CC) -std=c11 -Wall -Wextra $(CPPFLAGS) $(CFLAGS) $(CNAS_CFLAGS) -c -o $@ $<\n"
    "\n"
    "$(@N_DIR)/@n-train: $(@N_DIR)/@n_train_main.o $(@N_NETWORK)\n"
    "$(@N_DIR)/@n-infer: $(@N_DIR)/@n_infer_main.o $(@N_NETWORK)\n"
    "$(@N_DIR)/@n-server: $(@N_DIR)/@n_server_main.o $(@N_DIR)/@n_server.o $(@N_NETWORK)\n"
    "$(@N_DIR)/@n-client: $(@N_DIR)/@n_client_main.o $(@N_DIR)/@n_client.o $(@N_NETWORK)\n"
    "$(@N_PROGRAMS):\n"
    "\t$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(CNAS_LIBS)\n";

static const char makefile[] = "\n"
                               ".PHONY: all clean\n"
                               "all:\n"
                               "include @n.mk\n"
                               "all: $(@N_PROGRAMS)\n"
                               "clean:\n"
                               "\trm -f $(@N_FILES)\n";

static void make_file(struct emit *e, const char *name, const char *template)
{
    struct text t = emit_file_new(e, true);
    add_template(e, &t, template);
    emit_file_add(e, name, &t);
}

void emit_programs(struct emit *e)
{
    main_program(e, "train", "");
    main_program(e, "infer", "");
    main_program(e, "server", arena_printf(e->a, ", %s_server_offline, %s_server_online", e->net, e->net));
    main_program(e, "client", arena_printf(e->a, ", %s_client_offline, %s_client_online", e->net, e->net));
    make_file(e, arena_printf(e->a, "%s.mk", e->net), fragment);
    make_file(e, "Makefile", makefile);
}
