# Which passes run: levels, switches, and what the command line may not say.
cnasc check passes.cnas
cnasc check -O0 -w passes.cnas | grep -A3 '^pass'
cnasc check -O0 -frelu-shuffle -w passes.cnas | grep -A3 '^pass'
cnasc check -fno-shuffle -w passes.cnas | grep -A3 '^pass'
cnasc build --emit=ir -O0 -w passes.cnas | grep -c ' relu '
cnasc build --emit=ir -w passes.cnas | grep -c ' relu '
cnasc check -O3 passes.cnas
cnasc check -frelu-shufle passes.cnas
cnasc check -fno-dce passes.cnas
cnasc check -frelu-shuffle=all passes.cnas
cnasc check -fno-relu-shuffle=all passes.cnas
cnasc check -frelu-shuffle=a,,b passes.cnas
cnasc check -Rpas passes.cnas
cnasc check -Rpass=relu-shufle passes.cnas
# Remarks, as text and for tools.
cnasc check -w -Rpass passes.cnas >/dev/null
cnasc check -w -Rpass-missed -Rpass=dce passes.cnas >/dev/null
cnasc check -w -Rpass=relu-shuffle --diagnostics=json passes.cnas >/dev/null
# A graph after a pass that does not run.
cnasc check -O0 -w --dump-after=relu-shuffle passes.cnas
cnasc check -w --dump-after=no-such-pass passes.cnas
# @passes names them in the network.
sed 's/network N/@passes(dce) &/' passes.cnas >asks.cnas ; cnasc check -w asks.cnas | grep -A3 '^pass'
sed 's/network N/@passes(shuffle) &/' passes.cnas >asks.cnas ; cnasc check -w asks.cnas | grep -A3 '^pass'
sed 's/network N/@passes(shuffle) &/' passes.cnas >asks.cnas ; cnasc build --emit=ir -fno-relu-shuffle -w asks.cnas | grep -c ' relu '
sed 's/network N/@passes(shuffle, relu_shuffle, shuffle(a), shuffle(b = [1, "c"]), shufle) &/' passes.cnas >asks.cnas ; cnasc check -w asks.cnas
sed 's/network N/@passes(shuffle(2.5)) &/' passes.cnas >asks.cnas ; cnasc check -w asks.cnas
# An analysis.
cnasc check -w -finfer-ranges -Rpass-analysis=infer-ranges passes.cnas >/dev/null
