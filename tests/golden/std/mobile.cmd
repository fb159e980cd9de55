cnasc build --emit=ir mobile.cnas | sed 's/ at ".*//'
