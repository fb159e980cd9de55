# What is said of private inference reaches the plan and the program; every word of it survives a graph's text.
cnasc build ../sema/private.cnas --verify -o out && grep ring out/*.c
cnasc build ../sema/private.cnas --emit=ir | cnasc build --from-ir - --emit=ir | grep private
cnasc build ../sema/private.cnas --emit=json | tail -n 2
cnasc build ../sema/private.cnas --emit=plan | tail -n 1
# What this version does not do.
sed 's/fraction = auto/fraction = 12/' ../sema/private.cnas | cnasc check - >/dev/null
# Texts that are wrong.
printf 'ir 1\nnetwork N\nprivate protocol=ot network=lan ring=0 fraction=0\n' | cnasc check --from-ir -
printf 'ir 1\nnetwork N\nprivate protocol=gc network=lan ring=61 fraction=0\n' | cnasc check --from-ir -
printf 'ir 1\nnetwork N\nprivate protocol=gc network=lan ring=0 fraction=-1\n' | cnasc check --from-ir -
printf 'ir 1\nnetwork N\nprivate protocol=gc ring=0\n' | cnasc check --from-ir -
