check_PROGRAMS += tests/unit/lower_tool
tests_unit_lower_tool_SOURCES = tests/unit/lower_tool.c
tests_unit_lower_tool_LDADD = libcnascomp.la
