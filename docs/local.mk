dist_man_MANS += docs/cnasc.1 docs/cnas-data.1 docs/cnas.5
EXTRA_DIST += docs/architecture.md docs/benchmarks.md docs/data.md docs/language.md docs/passes.md docs/report.md docs/report.png docs/security.md docs/training.md docs/results/README.md docs/results/swift-84Ki-25-epochs.txt docs/results/swift-84Ki-distilled.jsonl docs/results/swift-84Ki-distilled.html docs/results/teacher.jsonl docs/results/teacher.html docs/results/swift-84Ki.jsonl docs/results/swift-84Ki.html docs/results/swift-48Ki.jsonl docs/results/swift-48Ki.html
EXTRA_DIST += docs/editors
