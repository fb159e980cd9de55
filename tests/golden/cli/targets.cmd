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
for op in 'flatten |> batch_norm' 'flatten |> slice(0 .. 5)' ; do printf 'network N {\n    input x: tensor[2, 4, 4];\n    output y = x |> %s |> linear(3);\n}\n' "$op" >net.cnas ; cnasc build net.cnas -o no ; done
printf 'network N {\n    input x: tensor[2, 4, 4];\n    y = x |> slice(0 .. 1) |> flatten;\n    z = x |> slice(rows = 0 .. 2) |> flatten;\n    output w = linear(y + z, 3);\n}\n' >net.cnas ; cnasc build net.cnas -o no
for op in 'max_pool(3, padding = 1) |> global_avg_pool' 'reshape([4, 2, 4]) |> global_avg_pool' ; do printf 'network N {\n    input x: tensor[2, 4, 4];\n    output y = x |> %s |> linear(3);\n}\n' "$op" >net.cnas ; cnasc build net.cnas -o no ; done
printf 'network N {\n    input x: tensor[2, 70, 70];\n    output y = x |> max_pool(65) |> flatten |> linear(3);\n}\n' >net.cnas ; cnasc build net.cnas -o no
printf 'network N {\n    input x: tensor[4];\n    output y = x |> linear(3) |> softmax |> linear(3);\n}\n' >net.cnas ; cnasc build --targets=train net.cnas -o no
# What no program can have.
for op in 'conv(1, kernel = 1, stride = 100k)' 'avg_pool(1, stride = 100k)' 'subsample(100k)' ; do printf 'network N {\n    input x: tensor[1, 4, 4];\n    output y = x |> %s |> flatten;\n}\n' "$op" >net.cnas ; cnasc build net.cnas -o no ; done
printf 'network N {\n    input x: tensor[2, 32768, 32768];\n    output y = x |> relu |> global_avg_pool;\n}\n' >net.cnas ; cnasc build net.cnas -o no
printf 'network N {\n    input x: tensor[32768];\n    output y = x |> linear(60k) |> linear(20k) |> relu;\n}\n' >net.cnas ; cnasc build net.cnas -o no
printf 'network N {\n    input x: tensor[1, 1, 70000];\n    output y = x |> relu |> flatten;\n}\n' >net.cnas ; cnasc build net.cnas -o no
printf 'network N {\n    input x: tensor[1, 4, 4];\n    for i in 0 .. 20001 { x = square(x); }\n    output y = flatten(x);\n}\n' >net.cnas ; cnasc build net.cnas -o no
printf 'ir 1\nnetwork N\n%%x = input 3\n%%y = input 3\n%%z = add %%x %%y\noutput z = %%z\nend\n' | cnasc build --from-ir - -o no
sed 's/epochs=2/epochs=-1/' ../ir/small.ir | cnasc build --from-ir - -o no
