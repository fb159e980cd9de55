/* Stochastic gradient descent with momentum, as in PyTorch (torch.optim.SGD, dampening 0):
 *   g += weight_decay * w (weights only);   v = momentum * v + g;   w -= rate * v,  with Nesterov: w -= rate * (g + momentum * v).
 * The rate stays outside v (TensorFlow and Sutskever et al. 2013 keep it inside; that differs when the rate changes). */
#ifndef RUNTIME_TRAIN_SGD_H
#define RUNTIME_TRAIN_SGD_H

#include <cnas/train.h>

/* params, velocity, grads: params_trained floats each (the trained parameters come first in params). */
void cn_train_sgd(struct cnas_ctx *ctx, float *params, float *velocity, const float *grads, const struct cnas_model *m,
                  const struct cnas_train_options *o, double rate);

#endif
