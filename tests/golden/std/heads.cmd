cnasc build --emit=ir heads.cnas | sed 's/ at ".*//'
