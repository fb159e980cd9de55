cnasc explain E0413
cnasc explain w0001
cnasc explain | head -n 3
cnasc explain | tail -n 2
cnasc explain E9999
cnasc explain E0413 E0414
cnasc explain >/dev/full
cnasc explain double-relu
cnasc explain -Wno-error=double-relu
cnasc explain unused | grep -E '^W|^$'
cnasc explain relu-double
cnasc explain duble-relu
cnasc explain -Wuto
