# A network without a private form: the error says why and what to do.
printf 'network N {\n    input x: tensor[1, 8, 8];\n    output y = x |> max_pool(2) |> flatten |> linear(3);\n}\n' >max.cnas ; cnasc build max.cnas -o out ; ls out
cnasc check max.cnas
# The clear programs alone.
cnasc check --targets=train,infer max.cnas
cnasc build --targets=train,infer max.cnas -o out && ls out && sed -n '/^N_NETWORK/,$p' out/n.mk
grep -c 'points\|fold' out/n.c
# Any subset; wrong lists.
cnasc build --targets=client --from-ir ../ir/small.ir -o client && ls client
cnasc build --targets=train,train --from-ir ../ir/small.ir -o train && ls train
cnasc build --targets=train,clients max.cnas -o no
cnasc build --targets= max.cnas -o no
