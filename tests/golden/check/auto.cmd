# The largest width for which both budgets hold; the next one breaks the one that is named.
cnasc check auto.cnas | tail -n 6
cnasc check -D width=8 auto.cnas | tail -n 4
cnasc check -D depth=2 auto.cnas | tail -n 1
cnasc check -D width=2 -D depth=auto auto.cnas | tail -n 1
# Two parameters cannot be auto.
cnasc check -D depth=auto auto.cnas | tail -n 1
# Only multiples of 6, only odd numbers are networks.
sed 's/core(h);/core(h); require(width % 6 == 0, "six");/' auto.cnas >six.cnas ; cnasc check six.cnas | tail -n 1
sed 's/core(h);/core(h); require(width % 2 == 1, "odd");/; s/2k/8k/' auto.cnas >odd.cnas ; cnasc check odd.cnas | tail -n 1
# No value is small enough: the error is that of the budget.
sed 's/2k/200/' auto.cnas >none.cnas ; cnasc check none.cnas
# What is built is the same as with the number.
cnasc build auto.cnas --emit=ir >auto.ir ; cnasc build -D width=7 auto.cnas --emit=ir | cmp - auto.ir
