# Where private inference truncates, in remarks, in the graph and in the plan.
cnasc check -Rpass=fixed-point -Rpass-analysis=fixed-point fixed_point.cnas
cnasc build --verify --dump-after=fixed-point fixed_point.cnas | grep rescale
cnasc build --verify --emit=plan fixed_point.cnas | grep ' rescale '
cnasc build --emit=json fixed_point.cnas | grep -c '"rescale": true'
# At every level, also with what is read back; the marks of a text are decided anew.
cnasc build -O0 --dump-after=fixed-point fixed_point.cnas >marked.ir ; cnasc build --from-ir -O0 --emit=ir marked.ir | cmp - marked.ir
sed 's/ rescale / /; /^%wide_conv/s/ -> / rescale -> /' marked.ir >other.ir ; cnasc build --from-ir -O0 --emit=ir other.ir | cmp - marked.ir
cnasc build -fno-fixed-point --emit=plan fixed_point.cnas
# It comes after what changes the network, wherever @passes names it.
sed 's/network N/@passes(fixed_point, prune(drop = "a_relu"), collapse_linear) &/' fixed_point.cnas >asks.cnas ; cnasc check -w asks.cnas | grep -A6 '^pass'
sed 's/network N/@passes(fixed_point, prune(drop = "a_relu"), collapse_linear) &/' fixed_point.cnas >asks.cnas ; cnasc build -w --verify --emit=plan asks.cnas | grep ' rescale '
# Networks without a private form.
sed 's/relu/square/' fixed_point.cnas >square.cnas ; cnasc check -w --targets=train,infer -Rpass-missed=fixed-point square.cnas >square.out
printf 'network L { input x: tensor[1, 70000, 1]; output y = x |> relu; }\n' >large.cnas ; cnasc count -Rpass-missed=fixed-point large.cnas >large.out
