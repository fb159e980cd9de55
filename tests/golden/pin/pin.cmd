# A file with several networks: the others stay as they are.
cnasc build --emit=cnas --verify several.cnas --network B --pick k=5 -o one.cnas ; cat one.cnas
# Nothing more to pin: the file itself.
cnasc build --emit=cnas --verify --network B one.cnas | cmp - one.cnas
# Open choices: which they are, and how to pick.
cnasc build --emit=cnas space.cnas -D width=4
# Picks of the file stay where they are, new ones join them; a parameter gets a default, and so does one that was auto. Blocks that
# the file does not see are picked by what check calls them.
cnasc build --emit=cnas --verify space.cnas -D width=4 --pick layer1_from=[0] --pick h_cell_y=narrow --pick h_cell_2=wide
sed -i '/choose(spare.wide/s/ |> choose.*/;/; /other.spare/d' cells.cnas
cnasc build --emit=cnas --verify space.cnas -D width=4 --pick layer1_from=[0] --pick h_cell_y=narrow -o found.cnas ; cat found.cnas
# It needs no options, is the same network, and is its own answer.
cnasc build --emit=ir found.cnas | sed 's/ at ".*//' >found.ir
cnasc build --emit=ir space.cnas -D width=4 --pick layer1_from=[0] --pick h_cell_y=narrow | sed 's/ at ".*//' | cmp - found.ir
cnasc build --emit=cnas found.cnas | cmp - found.cnas
cnasc fmt --check found.cnas
# Other picks: those of the network change in their places; one beside its choice changes if all that it is for agree, and else makes
# way for the network's; one in another module is left alone.
cnasc build --emit=cnas --verify found.cnas --pick layer0_k=5 --pick layer0_y=core --pick layer1_y=core --pick layer1_maps=3 --pick h_cell=1 | diff found.cnas -
cnasc build --emit=cnas --verify found.cnas --pick layer0_y=light | diff found.cnas -
# One pick is one line; all of it reads from standard input too.
printf 'network N { input x: tensor[8, 4, 4]; output y = conv(x, 4, kernel = choose(3, 5)); }\n' | cnasc build --emit=cnas --verify --pick y=5 -
# Alternatives that are lists, words, strings, reals, booleans; operators; hidden names.
cnasc build --emit=cnas --verify kinds.cnas --pick 'kernel=[1, 3]' --pick padding=same --pick act=identity --pick name='"b"' --pick rate=0.25 --pick yes=false --pick f=f -D 'text="a\"b"'
# What has no name or no literal there cannot be written.
cnasc build --emit=cnas two.cnas --pick y_either=wide
cnasc build --emit=cnas kinds.cnas --pick 'kernel=[1, 3]' --pick padding=same --pick act=identity --pick name='"b"' --pick rate=0.25 --pick yes=false --pick f=f -D size='-9223372036854775807 - 1'
# Broken budgets, other options, the dependency file.
cnasc build --emit=cnas space.cnas -D width=4 -D last_width=500 --pick layer1_from=[0] --pick h_cell_y=narrow
cnasc build --emit=cnas --from-ir ../ir/small.ir
cnasc build --emit=cnas found.cnas -o again.cnas -MMD ; cat again.d
# A file with several networks: the others stay as they are.
