# A network without a private form: the error says why and what to do.
printf 'network N {\n    input x: tensor[1, 8, 8];\n    output y = x |> square |> max_pool(2) |> flatten |> linear(3);\n}\n' >max.cnas ; cnasc build max.cnas -o out ; ls out
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
# Every operator without a private form says so.
for op in square poly2 'upsample(2)' ; do printf 'network N {\n    input x: tensor[2, 4, 4];\n    output y = x |> %s |> flatten |> linear(3);\n}\n' "$op" >net.cnas ; cnasc build net.cnas -o no ; cnasc check --targets=infer,train net.cnas >checked || cat checked ; done
for op in softmax argmax ; do printf 'network N {\n    input x: tensor[4];\n    output y = x |> linear(3) |> %s;\n}\n' $op >net.cnas ; cnasc build net.cnas -o no ; cnasc build --targets=train,infer net.cnas -o $op && grep -h result $op/n.c ; done
for op in 'max_pool(3, padding = 1) |> global_avg_pool' 'reshape([4, 2, 4]) |> global_avg_pool' ; do printf 'network N {\n    input x: tensor[2, 4, 4];\n    output y = x |> %s |> linear(3);\n}\n' "$op" >net.cnas ; cnasc build net.cnas -o no ; done
printf 'network N {\n    input x: tensor[4];\n    output y = x |> linear(3) |> softmax |> linear(3);\n}\n' >net.cnas ; cnasc build --targets=train net.cnas -o no
