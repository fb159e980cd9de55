cnasc build --emit=ir vgg.cnas | sed 's/ at ".*//'
