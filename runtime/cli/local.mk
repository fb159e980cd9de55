# Filled by the first driver:
# lib_LTLIBRARIES += libcnascli.la
# libcnascli_la_SOURCES = ...
# libcnascli_la_LIBADD = libcnas.la
# libcnascli_la_LDFLAGS = -version-info 0:0:0 -export-symbols-regex '^cnas_' -no-undefined
