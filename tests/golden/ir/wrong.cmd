# Texts that are no graph.
printf '' | cnasc check --from-ir -
printf 'ir 1\nnetwork N\n%%x = input 3x8x8\n%%y = linear %%x features=10\noutput y = %%y\nend\n' | cnasc check --from-ir -
printf 'ir 1\nnetwork N\n%%x = input 3x8x8\n%%y = relu %%z\n' | cnasc check --from-ir -
printf 'ir 1\nnetwork N\n%%x = input 3x8x8\n\033[31m\n' | cnasc check --from-ir -
printf 'ir 1\nnetwork N\n%%x = input 3x8x8\noutput y = %%x\n' | cnasc check --from-ir -
head -c 700 small.ir | cnasc build --from-ir - -o out ; ls out
# Operators that no operator of the language makes.
printf 'ir 1\nnetwork N\n%%x = input 3x8x8\n%%y = relu %%x %%x\n' | cnasc check --from-ir -
printf 'ir 1\nnetwork N\n%%x = input 3x8x8\n%%y = slice %%x channel=0 channels=0 row=0 rows=8 column=0 columns=8\n' | cnasc check --from-ir -
# A truncation that comes for nothing is not asked for.
printf 'ir 1 network N %%x = input 4 %%y = relu %%x rescale output a = %%y end' >relu.ir ; cnasc build --from-ir --emit=ir relu.ir
