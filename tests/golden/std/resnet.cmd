cnasc build --emit=ir resnet.cnas | sed 's/ at ".*//'
