# `make bench-train`: training steps beside PyTorch's (Debian: python3-torch, for this alone). TRAIN_BENCH="--nets resnet20 --no-torch" and the like.
EXTRA_DIST += tests/bench/train/bench.py tests/bench/train/peer.py tests/bench/train/step.c tests/bench/train/peak.c \
	tests/bench/train/resnet20.cnas tests/bench/train/resnet18.cnas tests/bench/train/plain10.cnas
.PHONY: bench-train
bench-train: all
	@/usr/bin/python3 $(srcdir)/tests/bench/train/bench.py --cnasc ./cnasc$(EXEEXT) --build . --source $(srcdir) \
	    --libs "$(RUNTIME_LIBS) $(LIBS) -lm -lpthread -ldl" $(TRAIN_BENCH)
# What summing gradients during the backward pass gains, between processes of this machine; needs configure --with-mpi.
EXTRA_DIST += tests/bench/train/ranks.sh tests/bench/train/ranks.c
.PHONY: bench-ranks
bench-ranks: all
	@sh $(srcdir)/tests/bench/train/ranks.sh ./cnasc$(EXEEXT) . $(srcdir) "$(RUNTIME_LIBS) $(LIBS) -lm -lpthread -ldl"
