# The report comes first, then each broken budget: its ReLUs by layer, and values of the network's parameters that were tried and meet all.
cnasc check budget.cnas | grep -v '^image'
# The advice is true.
cnasc check -D depth=1 budget.cnas | tail -n 5
cnasc check -D width=11 -D depth=2 budget.cnas | tail -n 5
# Errors in the language are reported with the line; nothing else is printed.
sed 's/global_avg_pool/gap/' budget.cnas >wrong.cnas ; cnasc check wrong.cnas ; cnasc build wrong.cnas -o out ; ls out
cnasc check --color=always wrong.cnas
cnasc check -D wdith=3 budget.cnas
cnasc check -D width= budget.cnas
cnasc check --network=Under budget.cnas
