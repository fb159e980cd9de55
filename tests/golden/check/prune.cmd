# ReLUs that are dropped, and maxima made averages.
cnasc check -frelu-prune prune.cnas
cnasc check -frelu-prune=skips,thin=2 -fmaxpool-to-avgpool -Rpass -Rpass-missed prune.cnas
sed 's/network N/@passes(prune(cull = ["8x8", 3]), avgpool, shuffle) &/' prune.cnas >asks.cnas ; cnasc check -Rpass=relu-prune -Rpass-missed asks.cnas
# The layer is the only way of the residual sum with a ReLU; the shortcut's is read by the layer as well.
printf 'network N {\n    input x: tensor[2, 8, 8];\n    r = x |> conv(2, kernel = 3) |> relu;\n    output y = add(r, r |> conv(2, kernel = 3) |> relu |> conv(2, kernel = 3));\n}\n' | cnasc check -frelu-prune=skips -Rpass-missed - | grep total
# Nothing is left.
printf 'network N {\n    input x: tensor[2, 8, 8];\n    output y = x |> conv(2, kernel = 3) |> relu @prune;\n}\n' | cnasc check -frelu-prune - | tail -n 4
# Arguments that it does not take.
cnasc check -frelu-prune=kull=1 prune.cnas
cnasc check -frelu-prune=everything prune.cnas
cnasc check -frelu-prune=skips=2 prune.cnas
cnasc check -frelu-prune=drop prune.cnas
cnasc check -frelu-prune=cull prune.cnas
cnasc check -frelu-prune=thin=0 prune.cnas
cnasc check -frelu-prune=keep=a,skips prune.cnas
cnasc check -fmaxpool-to-avgpool=2 prune.cnas
sed 's/network N/@passes(prune(thin = "half")) &/' prune.cnas >asks.cnas ; cnasc check asks.cnas
# What this network has not.
cnasc check -frelu-prune=cull=9 prune.cnas
cnasc check -frelu-prune=drop=y_rleu prune.cnas
cnasc check -frelu-prune=drop=stem_conv prune.cnas
cnasc check -frelu-prune=keep=everything prune.cnas
sed 's/network N/@passes(prune(drop = "cat")) &/' prune.cnas >asks.cnas ; cnasc build asks.cnas --emit=ir
