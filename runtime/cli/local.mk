# libcnascliobj: the drivers' objects, also for the tests.
noinst_LTLIBRARIES += libcnascliobj.la
libcnascliobj_la_SOURCES = \
	runtime/cli/args.c runtime/cli/args.h \
	runtime/cli/check.c runtime/cli/check.h \
	runtime/cli/chart.c runtime/cli/chart.h \
	runtime/cli/client_main.c \
	runtime/cli/common.c runtime/cli/common.h \
	runtime/cli/held_out.c runtime/cli/held_out.h \
	runtime/cli/images.c runtime/cli/images.h \
	runtime/cli/infer_main.c \
	runtime/cli/paths.c runtime/cli/paths.h \
	runtime/cli/progress.c runtime/cli/progress.h \
	runtime/cli/ranks.c runtime/cli/ranks.h \
	runtime/cli/recipe_augment.c runtime/cli/recipe_text.c runtime/cli/recipe_text.h \
	runtime/cli/report.c runtime/cli/report.h \
	runtime/cli/serve.c runtime/cli/serve.h \
	runtime/cli/server_main.c \
	runtime/cli/signals.c runtime/cli/signals.h \
	runtime/cli/soft_labels.c runtime/cli/soft_labels.h \
	runtime/cli/tcp.c runtime/cli/tcp.h \
	runtime/cli/train_announce.c runtime/cli/train_announce.h \
	runtime/cli/train_epochs.c runtime/cli/train_epochs.h \
	runtime/cli/train_log.c runtime/cli/train_log.h \
	runtime/cli/train_main.c \
	runtime/cli/train_options.c runtime/cli/train_options.h \
	runtime/cli/train_page.c runtime/cli/train_page.h \
	runtime/cli/train_recipe.c runtime/cli/train_recipe.h \
	runtime/cli/train_record.c runtime/cli/train_record.h \
	runtime/cli/train_watch.c runtime/cli/train_watch.h \
	runtime/cli/units.c runtime/cli/units.h
libcnascliobj_la_LIBADD = $(JANSSON_LIBS)
# libcnascli: the installed library.
lib_LTLIBRARIES += libcnascli.la
libcnascli_la_SOURCES =
libcnascli_la_LIBADD = libcnascliobj.la libcnas.la
libcnascli_la_LDFLAGS = -version-info 0:0:0 -export-symbols-regex '^cnas_' -no-undefined
# cnas-data: a program of its own over the same library.
bin_PROGRAMS += cnas-data
cnas_data_SOURCES = runtime/cli/data_main.c runtime/cli/data_info.c runtime/cli/data_convert.c runtime/cli/data_show.c runtime/cli/data_tool.h
cnas_data_LDADD = libcnascliobj.la libcnas.la
