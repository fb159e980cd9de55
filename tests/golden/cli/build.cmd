# What is written, and that the same input gives the same bytes, in whichever directory.
cnasc build --from-ir ../ir/small.ir -o out && ls out
cnasc build --from-ir ../ir/small.ir -o deep/er/ && diff -r out deep/er
# Files that do not change are left alone; a changed one is written again.
touch -d '2001-01-01' out/* && echo >>out/small.c && touch -d '2001-01-01' out/small.c
cnasc build --from-ir ../ir/small.ir -o out && find out -newermt 2002-01-01 -type f
diff -r out deep/er
# Modes are those of other new files; links stay links.
touch plain && stat -c %a plain >want && stat -c %a out/small.c | cmp - want
mv out/small.c real.c && ln -s ../real.c out/small.c && echo >real.c && cnasc build --from-ir ../ir/small.ir -o out && test -L out/small.c && cmp real.c deep/er/small.c
# Dependency files.
cnasc build --from-ir ../ir/small.ir -o dep -MMD && cat dep/small.d
cnasc build --from-ir ../ir/small.ir -o dep -MMD -MF 'net.d' -MT 'a target' -MT '$(x)#y' && cat net.d
cnasc build --from-ir ../ir/small.ir --emit=plan -o small.plan -MMD && cat small.d && head -n 1 small.plan
