# All of the page but its style sheet and the picture, whose places are Graphviz's.
cnasc report -w net.cnas -o page.html && sed '/<style>/,/<\/style>/d; /<figure/,/<\/figure>/d; s/cnasc [0-9][0-9.]*[0-9]/cnasc VERSION/' page.html
# A broken budget is shown, and no error; a network without a private form, budgets and ReLUs; a graph, whose source is not at hand.
cnasc report -w -D width=12 net.cnas | grep -c 'class="budget bad"'
cnasc report -w -D width=12 net.cnas | grep -A1 'class="verdict'
printf 'ir 1 network N %%x = input 4x2x2 %%s = square %%x output y = %%s end' | cnasc report --from-ir - | grep -E '^<p>|<h2|<section'
cnasc report -O0 -frelu-shuffle --from-ir ../ir/small.ir | grep -E '<td class="bars">|class="place"' | sed 's/<[^>]*>/ /g'
# What is wrong is said, and nothing is written.
cnasc report -D width=0 net.cnas -o wrong.html 2>&1 | head -n 1 ; ls wrong.html
cnasc report net.cnas -w -o no/such/folder/page.html
cnasc report
cnasc report --format=json net.cnas
