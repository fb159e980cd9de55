# The course, and its module.
SAMPLES = \
	samples/01_linear.cnas samples/02_mlp.cnas samples/03_lenet.cnas samples/04_blocks.cnas samples/05_lists.cnas \
	samples/06_modules.cnas samples/07_resnet.cnas samples/08_budgets.cnas samples/09_mobile.cnas samples/10_skips.cnas \
	samples/11_choices.cnas samples/12_private.cnas samples/13_search.cnas samples/14_clear.cnas samples/15_balance.cnas samples/16_passes.cnas \
	samples/fashion.cnas samples/swift.cnas samples/teacher.cnas samples/parts/gate.cnas
# The networks of papers.
SAMPLES += \
	samples/paper/cifar100_cnet1.cnas samples/paper/cifar10_cnet1.cnas \
	samples/paper/cifar100_cnet2.cnas samples/paper/cifar10_cnet2.cnas \
	samples/paper/cifar100_cnet3.cnas samples/paper/cifar10_cnet3.cnas \
	samples/paper/cnet_unpruned.cnas \
	samples/paper/minionn_cifar10.cnas samples/paper/resnet18_snl.cnas \
	samples/paper/resnet32.cnas samples/paper/resnet32_delphi.cnas \
	samples/paper/vgg16.cnas samples/paper/wrn22_8_snl.cnas
samplesdir = $(datadir)/cnasc
nobase_dist_samples_DATA = samples/README.md $(SAMPLES)

dist_check_SCRIPTS += tests/samples.sh tests/pin.sh tests/golden/cnet.sh tests/golden/cnet_forms.sh tests/golden/cnet_balance.sh
TESTS += tests/samples.sh tests/pin.sh tests/golden/cnet.sh tests/golden/cnet_forms.sh tests/golden/cnet_balance.sh
