SAMPLES = samples/fashion.cnas
# The networks of papers, with the papers' numbers: tests/golden/cnet.sh.
SAMPLES += \
	samples/paper/cifar100_cnet1.cnas samples/paper/cifar10_cnet1.cnas \
	samples/paper/cifar100_cnet2.cnas samples/paper/cifar10_cnet2.cnas \
	samples/paper/cifar100_cnet3.cnas samples/paper/cifar10_cnet3.cnas
samplesdir = $(datadir)/cnasc
nobase_dist_samples_DATA = $(SAMPLES)

dist_check_SCRIPTS += tests/golden/cnet.sh
TESTS += tests/golden/cnet.sh
