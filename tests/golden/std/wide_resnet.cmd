cnasc build --emit=ir wide_resnet.cnas | sed 's/ at ".*//'
