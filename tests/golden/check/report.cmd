cnasc check --from-ir ../ir/small.ir
# The same, read as a stream, with the compiler checking itself.
cnasc check --from-ir --verify - <../ir/small.ir | tail -n 4
# Broken budgets: the table is still there, on standard output.
sed 's/limit=4000/limit=3000/; s/1568/1000/' ../ir/small.ir | cnasc check --from-ir - | tail -n 4
# A limit of as many errors as one wants to see.
sed 's/limit=4000/limit=3000/; s/1568/1000/' ../ir/small.ir | cnasc check --from-ir --max-errors=1 - >/dev/null
# build says the same and writes nothing.
sed 's/limit=4000/limit=3000/' ../ir/small.ir | cnasc build --from-ir - -o out ; ls out
# More than can be counted.
awk 'BEGIN { print "ir 1 network Huge %c0 = input 2048x1024x1024"; for (i = 1; i < 4100; i++) printf "%%c%d = conv %%c%d channels=2048 kh=1025 kw=1023 pad_y=512 pad_x=511 groups=2048\n", i, i - 1; print "output y = %c4099 end" }' >huge.ir ; cnasc check --from-ir huge.ir
# What no output needs is left out, and listed.
cnasc check unread.cnas
