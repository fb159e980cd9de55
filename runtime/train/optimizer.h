/* What turns gradients into new parameters, and the averaged weights. With r the learning rate (times bias_lr for biases), d the weight
 * decay (0 where it does not apply), g the gradient, clipped:
 *   sgd        v = momentum v + (g + d w);  w -= r v,  with Nesterov  w -= r (g + d w + momentum v):  torch.optim.SGD, dampening 0.
 *              The rate stays outside v, as in tf.train.MomentumOptimizer too (Keras and Sutskever et al. 2013 keep it inside; that differs
 *              when the rate changes).
 *   decoupled  w -= r d w, and no d in v:  SGDW of Loshchilov & Hutter, Decoupled Weight Decay Regularization, ICLR 2019, with the decay
 *              times the whole rate, as torch.optim.AdamW has it (the paper multiplies by the schedule's share of it).
 *   adamw      the same paper's algorithm 2:  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;
 *              w -= r d w + r (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon).
 *   clip       Pascanu et al. 2013: if |g|, the norm over all parameters, is above it, g *= clip / |g|.
 *   ema        a += (1 - e) (w - a) after step t = 0, 1, ...  with  e = min(ema, (1 + t) / (10 + t)):  TensorFlow's
 *              ExponentialMovingAverage with its num_updates. The running statistics of batch norm are averaged with the weights, as
 *              timm's ModelEma does: they cost nothing, whereas computing them anew takes a pass over the data for each evaluation. */
#ifndef RUNTIME_TRAIN_OPTIMIZER_H
#define RUNTIME_TRAIN_OPTIMIZER_H

#include <cnas/train.h>

/* What an optimizer remembers, one block: momentum (params_trained floats), for adamw the mean square (as many), with ema the averaged
 * parameters (params_floats). All of it belongs into a checkpoint. */
size_t cn_train_memory_floats(const struct cnas_model *m, const struct cnas_train_options *o);
void cn_train_memory_start(float *memory, const float *params, const struct cnas_model *m, const struct cnas_train_options *o);
/* The parameters to test with and to keep: the average's, or params themselves without one. */
float *cn_train_result(float *memory, float *params, const struct cnas_model *m, const struct cnas_train_options *o);

/* Step `step` of the whole training, from 0. Without memory for the norm, params stay as they are and ctx remembers. */
void cn_train_update(struct cnas_ctx *ctx, float *params, float *memory, const float *grads, const struct cnas_model *m,
                     const struct cnas_train_options *o, double rate, uint64_t step);

#endif
