dist_man_MANS += docs/cnasc.1 docs/cnas-data.1 docs/cnas.5
EXTRA_DIST += docs/architecture.md docs/benchmarks.md docs/data.md docs/language.md docs/passes.md docs/report.md docs/report.png docs/security.md docs/training.md
EXTRA_DIST += docs/editors
