cnasc build --emit=ir cnet_odd.cnas | sed 's/ at ".*//'
