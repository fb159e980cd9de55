dist_man_MANS += docs/cnasc.1
EXTRA_DIST += docs/architecture.md docs/benchmarks.md docs/language.md docs/security.md
