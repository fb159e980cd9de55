# Texts that are no graph.
printf '' | cnasc check --from-ir -
printf 'ir 1\nnetwork N\n%%x = input 3x8x8\n%%y = linear %%x features=10\noutput y = %%y\nend\n' | cnasc check --from-ir -
printf 'ir 1\nnetwork N\n%%x = input 3x8x8\n%%y = relu %%z\n' | cnasc check --from-ir -
printf 'ir 1\nnetwork N\n%%x = input 3x8x8\n\033[31m\n' | cnasc check --from-ir -
printf 'ir 1\nnetwork N\n%%x = input 3x8x8\noutput y = %%x\n' | cnasc check --from-ir -
head -c 700 small.ir | cnasc build --from-ir - -o out ; ls out
