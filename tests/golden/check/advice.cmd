# A budget is broken: passes that were not asked for are tried, alone and in pairs, and what was found to meet every budget is named.
sed 's/1000/600/' advice.cnas | cnasc check -w - 2>&1 | grep -E 'budget of|note: (with|no) '
sed 's/1000/500/' advice.cnas | cnasc check -w - 2>&1 | grep -E 'budget of|note: (with|no) '
sed 's/1000/900/' advice.cnas | cnasc check -w -O0 - 2>&1 | grep -E 'budget of|note: (with|no) '
sed 's/1000/200/' advice.cnas | cnasc check -w - 2>&1 | grep -E 'budget of|note: (with|no) '
# What a pass was given already stays.
sed 's/1000/300/' advice.cnas | cnasc check -w -frelu-prune=drop=y_relu -fmaxpool-to-avgpool - 2>&1 | grep -E 'budget of|note: (with|no) '
sed 's/1000/600/' advice.cnas | cnasc check -w -frelu-prune -fno-relu-shuffle - 2>&1 | grep -E 'budget of|note: (with|no) '
sed 's/1000/10/' advice.cnas | cnasc check -w -frelu-prune=keep=main_relu - 2>&1 | grep -E 'budget of|note: (with|no) '
# A graph has no parameters to change, but passes to run. With nothing to gain nothing is said.
sed 's.1000.9000.' advice.cnas | cnasc build -O0 -w --emit=ir - | sed 's.limit=9000.limit=500.' | cnasc check -w --from-ir - 2>&1 | grep -E 'budget of|note: (with|no) '
printf '@relu_budget(9) network N { input x: tensor[2, 8, 8]; output y = relu(x); }\n' | cnasc build --emit=ir - 2>&1 | grep -E "budget of|note: (with|no) "
