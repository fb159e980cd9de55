cnasc fmt messy.cnas
# Once is enough, and standard input is a file like any other.
cnasc fmt messy.cnas >once.cnas ; cnasc fmt - <once.cnas | cmp - once.cnas
cnasc fmt --check once.cnas
cnasc fmt --check once.cnas messy.cnas - <messy.cnas
# In place; what is formatted is not touched.
cp messy.cnas mine.cnas ; touch -d @0 once.cnas ; cnasc fmt -i mine.cnas once.cnas ; cmp mine.cnas once.cnas ; stat -c %Y once.cnas
# Errors: no file is changed, nothing is printed.
echo 'network N { input x tensor[3]; }' >wrong.cnas ; cp messy.cnas mine.cnas ; cnasc fmt -i mine.cnas wrong.cnas ; cmp mine.cnas messy.cnas
cnasc fmt once.cnas wrong.cnas
cnasc fmt --diagnostics=json wrong.cnas
cnasc fmt none.cnas once.cnas
cnasc fmt once.cnas >/dev/full
