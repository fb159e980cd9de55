cnasc
cnasc --help
cnasc check --help
cnasc build --help
cnasc fmt --help
cnasc doc --help
cnasc explain --help
cnasc --version | sed 's/[0-9.]*$/VERSION/'
cnasc -I here --print-search-dirs
# Misspelt.
cnasc chekc net.cnas
cnasc frobnicate
cnasc check --netwrok=N net.cnas
cnasc check --frobnicate net.cnas
cnasc -z
# Misused.
cnasc check
cnasc build small.ir
cnasc check one.cnas two.cnas
cnasc check --emit=ir small.ir
cnasc build --emit=asm small.ir
cnasc fmt
cnasc fmt -i --check a.cnas
cnasc fmt -i -
cnasc check --in-place a.cnas
cnasc check --color=blue small.ir
cnasc check --max-errors=many small.ir
cnasc check --verify=yes small.ir
cnasc check -D
cnasc build -o a -o b small.ir
cnasc build -o '' small.ir
cnasc build small.ir -o out -MF out.d
cnasc build small.ir --emit=ir -MMD
cnasc check small.ir --from-ir -D width=3
cnasc check small.ir --from-ir --dump-after=mrge
# After -- nothing is an option.
cnasc check --from-ir -- -small.ir
# An option of another command, as it was typed.
cnasc fmt -I here a.cnas
cnasc fmt --include=here a.cnas
cnasc fmt -Ihere a.cnas
cnasc doc -Wall a.cnas
cnasc explain -I here
# Warnings.
cnasc check -Wnmae a.cnas
cnasc check -Wno-shado a.cnas
cnasc check -Werror=shado a.cnas
cnasc check -Wno-error=shado a.cnas
cnasc check -Werror= a.cnas
# What people try.
cnasc -h | head -3
cnasc count -h | head -1
cnasc ../ir/small.cnas
