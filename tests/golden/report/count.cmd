cnasc count net.cnas
cnasc count -w --by=stage -fno-shuffle net.cnas
cnasc count -w --by=layer net.cnas
# For programs.
cnasc count -w --format=json net.cnas
cnasc count -w --format=json --by=stage -o count.json net.cnas ; cat count.json
cnasc count -w --format=json --by=layer net.cnas | tail -n 26
# A broken budget is shown, and no error; nothing else that is wrong is passed over.
cnasc count -w -D width=12 net.cnas | tail -n 7
cnasc count -D width=0 net.cnas
# What is found for auto, and open choices.
cnasc count -O0 ../check/auto.cnas | head -n 4
cnasc count -O0 ../check/choice.cnas | head -n 4
cnasc count -O0 --format=json ../check/choice.cnas | grep choices
cnasc report -O0 ../check/choice.cnas | grep -A1 'about">'
# Of a graph; without a budget.
cnasc count -O0 -frelu-shuffle --from-ir ../ir/small.ir
printf 'ir 1 network N %%x = input 4 output y = %%x end' | cnasc count -O0 -frelu-shuffle --from-ir --by=layer -
printf 'ir 1 network N %%x = input 4 output y = %%x end' | cnasc count -O0 -frelu-shuffle --from-ir --by=layer --format=json -
# More than can be counted.
awk 'BEGIN { print "ir 1 network Huge %c0 = input 2048x1024x1024"; for (i = 1; i < 4100; i++) printf "%%c%d = conv %%c%d channels=2048 kh=1025 kw=1023 pad_y=512 pad_x=511 groups=2048\n", i, i - 1; print "output y = %c4099 end" }' >huge.ir ; cnasc count -O0 -frelu-shuffle --from-ir huge.ir
# Misused.
cnasc count --by=colour net.cnas
cnasc count --format=xml net.cnas
cnasc check --by=stage net.cnas
cnasc count --targets=train net.cnas
# What inference in the clear runs is not what is trained.
cnasc count -w -ffold-batch-norm -fcollapse-linear net.cnas | head -n 14
