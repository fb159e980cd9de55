SAMPLES = samples/fashion.cnas
samplesdir = $(datadir)/cnasc/samples
dist_samples_DATA = $(SAMPLES)
