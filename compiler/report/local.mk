libcnascomp_la_SOURCES += \
	compiler/report/box.c compiler/report/box.h \
	compiler/report/budgets.c compiler/report/budgets.h \
	compiler/report/check.c compiler/report/check.h \
	compiler/report/count.c compiler/report/count.h compiler/report/count_json.c \
	compiler/report/diagram.c compiler/report/diagram.h \
	compiler/report/drawing.c compiler/report/drawing.h \
	compiler/report/html.c compiler/report/html.h \
	compiler/report/layout.c compiler/report/layout.h \
	compiler/report/measure.c compiler/report/measure.h \
	compiler/report/page.c compiler/report/page.h compiler/report/page_parts.h \
	compiler/report/page_budgets.c compiler/report/page_costs.c compiler/report/page_graph.c compiler/report/page_passes.c \
	compiler/report/page_relus.c compiler/report/page_source.c \
	compiler/report/remarks.c compiler/report/remarks.h \
	compiler/report/words.c compiler/report/words.h

# The page's style sheet becomes a string. Not shipped: the builder always has sed.
nodist_libcnascomp_la_SOURCES += compiler/report/page.inc
BUILT_SOURCES += compiler/report/page.inc
CLEANFILES += compiler/report/page.inc
EXTRA_DIST += compiler/report/page.css
compiler/report/page.inc: compiler/report/page.css
	$(AM_V_GEN)$(MKDIR_P) compiler/report && \
	sed 's/\\/\\\\/g; s/"/\\"/g; s/^/"/; s/$$/\\n"/' '$(srcdir)/compiler/report/page.css' > $@.tmp && mv $@.tmp $@
compiler/report/page.lo: compiler/report/page.inc
