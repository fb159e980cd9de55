# Imports, the search path, and what a dependency file names: every file that was read, not the standard library.
mkdir -p lib/parts && printf 'block tail(x: tensor, n: int) -> tensor { return x |> global_avg_pool |> linear(n); }\n' >lib/parts/head.cnas
printf 'import parts.head;\nimport std.cnet;\nnetwork Tiny(n: int = 10) {\n    input x: tensor[2, 8, 8];\n    output y = x |> core |> tail(n);\n}\n' >tiny.cnas
cnasc build tiny.cnas -o out
cnasc build tiny.cnas -I lib -o out -MMD -MT out/tiny.c && cat out/tiny.d
cnasc build tiny.cnas -Ilib -Dn=3 -o out && grep -c 'D n=3' out/tiny.c
# The same bytes from a pipe, but for the name in the banners.
cnasc build tiny.cnas -I lib --emit=ir >file.ir && cnasc build - -I lib --emit=ir <tiny.cnas | sed 's/<stdin>/tiny.cnas/' | cmp - file.ir
# Through text and back, the plan is the same.
cnasc build file.ir --from-ir --emit=plan >ir.plan && cnasc build tiny.cnas -I lib --emit=plan | cmp - ir.plan
