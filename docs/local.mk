dist_man_MANS += docs/cnasc.1
EXTRA_DIST += docs/language.md
