# ReLUs are counted after the passes. Budgets of blocks in loops, of a group around them and of the network: the value that is found is the
# largest of all that are tried one by one.
cnasc check -w auto_passes.cnas | tail -n 8
cnasc check -w -O0 auto_passes.cnas | tail -n 1
cnasc check -w -fno-relu-shuffle auto_passes.cnas | tail -n 1
cnasc check -w -D depth=1 auto_passes.cnas | tail -n 1
cnasc check -w -D part=22222 -D depth=1 auto_passes.cnas | tail -n 1
for w in $(seq 15 50); do cnasc check -w -D width=$w auto_passes.cnas >out 2>&1 && echo $w ; done | tail -n 1
for w in $(seq 15 50); do cnasc check -w -O0 -D width=$w auto_passes.cnas >out 2>&1 && echo $w ; done | tail -n 1
for w in $(seq 15 50); do cnasc check -w -D part=22222 -D depth=1 -D width=$w auto_passes.cnas >out 2>&1 && echo $w ; done | tail -n 1
