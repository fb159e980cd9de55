# The same number of ReLUs in the narrow layers of both stages, the largest within the budgets.
cnasc check balance.cnas
cnasc check -D part=9000 balance.cnas | tail -n 7
cnasc check -D part=100 balance.cnas | tail -n 7
cnasc check -w -Rpass=relu-balance -Rpass-missed -Rpass-analysis -D part=9000 balance.cnas >/dev/null
# The other rules, and a width that is given.
cnasc check -frelu-balance=flop balance.cnas | grep '(flop)'
cnasc check -frelu-balance=channel balance.cnas | grep '(channel)'
cnasc check -frelu-balance=width=5 balance.cnas | grep '(relu)'
cnasc check -frelu-balance=flop,relu balance.cnas
cnasc check -frelu-balance=width=0 balance.cnas
sed 's/balance)/balance(flop, width = 6))/' balance.cnas >other.cnas ; cnasc check other.cnas | grep '(flop)'
# The parameter chooses the width, or the pass does, not both.
cnasc check -D width=auto balance.cnas
sed 's/balance)/balance(width = written))/' balance.cnas >written.cnas ; cnasc check -D width=auto -D part=9000 written.cnas | sed -n '/^balanced/,$p'
cnasc check -D width=4 -D part=9000 written.cnas | sed -n '/^ReLU budget/,$p'
cnasc check -D width=8 -D part=9000 written.cnas 2>&1 | grep error
# What fixes channels is refused where they must change.
sed 's/h |> global_avg_pool/h |> reshape([16, 8, 16]) |> relu |> global_avg_pool/' balance.cnas >fixed.cnas ; cnasc check -D part=5000 fixed.cnas
# The groups of a convolution divide the width; and a width has limits.
sed 's/kernel = 3, stride = stride/&, groups = 2/' balance.cnas >groups.cnas ; cnasc check -frelu-balance=width=5 groups.cnas
cnasc check -frelu-balance=width=200000 balance.cnas
