cnasc explain E0413
cnasc explain w0001
cnasc explain | head -n 3
cnasc explain E9999
cnasc explain E0413 E0414
cnasc explain >/dev/full
