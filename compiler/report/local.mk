libcnascomp_la_SOURCES += \
	compiler/report/budgets.c compiler/report/budgets.h \
	compiler/report/check.c compiler/report/check.h \
	compiler/report/count.c compiler/report/count.h compiler/report/count_json.c \
	compiler/report/measure.c compiler/report/measure.h \
	compiler/report/remarks.c compiler/report/remarks.h \
	compiler/report/words.c compiler/report/words.h
