# What cannot be read.
cnasc check none.cnas
cnasc check --from-ir none.ir
cnasc check .
cnasc check none/net.cnas
# What cannot be written.
cnasc build --from-ir ../ir/small.ir -o ../ir/small.ir
cnasc build --from-ir ../ir/small.ir -o ../ir/small.ir/out
cnasc build --from-ir ../ir/small.ir --emit=ir -o none/net.ir
cnasc build --from-ir ../ir/small.ir --emit=ir -o .
cnasc build --from-ir ../ir/small.ir -o deep/er/out -MMD -MF none/net.d ; ls deep
cnasc build --from-ir ../ir/small.ir -o out && cp -R out before && rm out/small.c && mkdir out/small.c && echo changed >out/small.h
# All files or none: one that is in the way leaves the others as they were, and no temporary file behind.
cnasc build --from-ir ../ir/small.ir -o out ; cat out/small.h ; ls -A out | wc -l
# Standard output that takes nothing.
cnasc check --from-ir ../ir/small.ir >/dev/full
cnasc check --from-ir ../ir/small.ir >&-
cnasc --help >/dev/full
cnasc build --from-ir ../ir/small.ir --emit=ir >/dev/full
(sleep 1; cnasc check --from-ir ../ir/small.ir; echo "exit $?" >status) | true ; cat status
# A device is written, not replaced.
cnasc build --from-ir ../ir/small.ir --emit=ir -o /dev/null && test -c /dev/null
