# The first use of the block is too dear, the second is not; all other budgets hold.
cnasc check nested.cnas 2>&1 | sed -n '/^ReLU budget/,/error/p'
# Each one is checked for itself.
sed 's/(100)/(128)/' nested.cnas >good.cnas ; cnasc check good.cnas | sed -n '/^ReLU budget/,$p'
cnasc check good.cnas -D outer=191 2>&1 | grep error
cnasc check good.cnas -D inner=63 -D one=63 2>&1 | grep error
sed 's/1k/287/' good.cnas >small.cnas ; cnasc check small.cnas 2>&1 | grep error
# What is asked of passes survives a graph's text.
cnasc build good.cnas --emit=ir | cnasc build --from-ir - --emit=ir | grep -E '^pass|keep|prune'
# Passes that this version does not have.
sed 's/(shuffle)/(shufle, shuffle(3), shuffle, no_such_thing, shuffle)/' good.cnas >passes.cnas ; cnasc check passes.cnas
printf 'ir 1\nnetwork N\npass =\n' | cnasc check --from-ir -
# Groups in loops, and blocks that are used several times, are told apart by their number.
cnasc check loops.cnas 2>&1 | sed -n '/^ReLU budget/,/ by layer/p'
