# The complete text, every default written out; it is a fixed point, and stays one through the compiler's own checks.
cnasc build --from-ir small.ir --dump-after=elaborate
cnasc build --from-ir small.ir --dump-after=elaborate -o once.ir
cnasc build --from-ir once.ir --dump-after=elaborate -o twice.ir && cmp once.ir twice.ir
cnasc build --from-ir small.ir --emit=ir
cnasc build --from-ir small.ir --emit=ir -o passed.ir
cnasc build --from-ir small.ir --dump-after=relu-shuffle | cmp - passed.ir
cnasc build --from-ir --verify - --emit=ir <passed.ir | cmp - passed.ir
