cnasc build --emit=ir cnet.cnas | sed 's/ at ".*//'
