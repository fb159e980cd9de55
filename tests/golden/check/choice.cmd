# Open choices: the first alternatives, the space, and what each choice is worth.
cnasc check choice.cnas
# Some are picked.
cnasc check choice.cnas --pick h=identity --pick 'i1_maps=[0, 1]' --pick h_2=5 | tail -n 8
# A network with open choices is not built; nothing is written.
cnasc build choice.cnas -o out ; ls out
cnasc build choice.cnas --pick h=identity --pick 'i1_maps=[]' --pick h_2=5 --emit=ir ; ls out
# With all of them picked it is.
cnasc build choice.cnas --pick h=identity --pick 'i1_maps=[0]' --pick i0_maps=[] --pick h_2=5 --emit=ir | grep -v budget
# An alternative that does not compile is an error of the space.
sed 's/choose(3, 5)/choose(3, 4)/' choice.cnas >wrong.cnas ; cnasc check wrong.cnas >/dev/null
# Too many alternatives to try them all, too many networks to count.
sed 's/0 .. 2/0 .. 120/; s/3k/3M/' choice.cnas >large.cnas ; cnasc check large.cnas | tail -n 5
cnasc check choice.cnas --pick h
cnasc check choice.cnas --pick g=3
cnasc check --from-ir ../ir/small.ir --pick g=3
