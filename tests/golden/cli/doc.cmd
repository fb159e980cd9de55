# A page has the module's text, then constants, blocks and networks, with or without a text. Imports are not followed.
cnasc doc documented.cnas
cnasc doc - < documented.cnas | head -n 3
cnasc doc std.heads -o heads.md && head -n 9 heads.md
# Every module of the standard library has a page.
for m in $(cnasc --print-search-dirs | sed -n 's/^std: built in://p'); do cnasc doc $m | sed -n 1,3p; done
# Errors.
printf 'block {\n' | cnasc doc -
printf 'block {\n' | cnasc doc - -o not.md; test ! -e not.md
cnasc doc std.head
cnasc doc std.nothing-like-it
cnasc doc nowhere.cnas
cnasc doc documented.cnas -o no/where.md
cnasc doc
cnasc doc --check documented.cnas
