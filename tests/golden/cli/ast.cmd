# The tree is source text again: it parses to the same tree, and means the same network.
sed -i '/^import/d' documented.cnas
cnasc build --emit=ast documented.cnas
cnasc build --emit=ast documented.cnas | cnasc build --emit=ast - -o again.cnas && cnasc build --emit=ast documented.cnas | cmp - again.cnas
cnasc build -w --emit=dot documented.cnas >a.dot && cnasc build -w --emit=dot again.cnas | cmp - a.dot
# An open choice, a broken budget: the tree does not mind. No network: neither.
printf '@relu_budget(1)\nnetwork N { input x: tensor[3, 8, 8]; output y = relu(conv(x, 4, kernel = choose(3, 5))); }\n' | cnasc build --emit=ast -
printf 'const A = 1;\n' | cnasc build --emit=ast -
cnasc build --emit=ast documented.cnas -o tree.cnas -MMD && cat tree.d
# Errors.
printf 'network {\n' | cnasc build --emit=ast -
printf 'import nowhere;\n' | cnasc build --emit=ast -
cnasc build --emit=ast --from-ir ../ir/small.ir
cnasc build --emit=ast --dump-after=relu-shuffle documented.cnas
