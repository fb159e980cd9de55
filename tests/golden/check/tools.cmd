# For other programs: diagnostics as JSON, the graph as JSON and for Graphviz.
sed 's/global_avg_pool/gap/' budget.cnas >wrong.cnas ; cnasc check --diagnostics=json wrong.cnas
cnasc check --diagnostics=json ../ir/none.cnas
cnasc check --diagnostics=json --from-ir ../ir/small.ir >/dev/null
cnasc check --diagnostics=xml --from-ir ../ir/small.ir
cnasc build --from-ir ../ir/small.ir --emit=dot
cnasc build --from-ir ../ir/small.ir --emit=json
