/* Naive kernels in double precision: the oracle of the kernel tests. */
#include "tests/support/kernel_ref.h"

#include <math.h>

struct cnas_conv_shape ref_shape(uint32_t c, uint32_t h, uint32_t w, uint32_t k, uint32_t kh, uint32_t kw, uint32_t stride,
                                 uint32_t pad_y, uint32_t pad_x, uint32_t dilation, uint32_t groups)
{
    return (struct cnas_conv_shape){
        .c = c, .h = h, .w = w, .k = k, .kh = kh, .kw = kw, .stride = stride, .pad_y = pad_y, .pad_x = pad_x, .dilation = dilation,
        .groups = groups, .oh = (h + 2 * pad_y - dilation * (kh - 1) - 1) / stride + 1,
        .ow = (w + 2 * pad_x - dilation * (kw - 1) - 1) / stride + 1};
}

void ref_conv2d(double *y, const double *x, const double *w, const double *bias, size_t n, const struct cnas_conv_shape *s)
{
    long cg = s->c / s->groups, kg = s->k / s->groups;
    for (size_t i = 0; i < n; i++)
        for (long k = 0; k < s->k; k++)
            for (long oy = 0; oy < s->oh; oy++)
                for (long ox = 0; ox < s->ow; ox++) {
                    double sum = bias ? bias[k] : 0;
                    for (long c = 0; c < cg; c++)
                        for (long r = 0; r < s->kh; r++)
                            for (long q = 0; q < s->kw; q++) {
                                long iy = oy * s->stride + r * s->dilation - s->pad_y;
                                long ix = ox * s->stride + q * s->dilation - s->pad_x;
                                if (iy >= 0 && iy < s->h && ix >= 0 && ix < s->w)
                                    sum += w[((k * cg + c) * s->kh + r) * s->kw + q] *
                                           x[(((long)i * s->c + k / kg * cg + c) * s->h + iy) * s->w + ix];
                            }
                    *y++ = sum;
                }
}

void ref_linear(double *y, const double *x, const double *w, const double *bias, size_t n, size_t in, size_t out)
{
    for (size_t i = 0; i < n; i++)
        for (size_t o = 0; o < out; o++) {
            double sum = bias ? bias[o] : 0;
            for (size_t k = 0; k < in; k++)
                sum += x[i * in + k] * w[o * in + k];
            y[i * out + o] = sum;
        }
}

void ref_batch_norm(double *y, double *mean, double *var, const double *x, const double *gamma, const double *beta, size_t n,
                    size_t c, size_t hw, double epsilon)
{
    for (size_t k = 0; k < c; k++) {
        double m = 0, v = 0, count = (double)(n * hw);
        for (size_t i = 0; i < n; i++)
            for (size_t p = 0; p < hw; p++)
                m += x[(i * c + k) * hw + p] / count;
        for (size_t i = 0; i < n; i++)
            for (size_t p = 0; p < hw; p++)
                v += (x[(i * c + k) * hw + p] - m) * (x[(i * c + k) * hw + p] - m) / count;
        for (size_t i = 0; i < n; i++)
            for (size_t p = 0; p < hw; p++)
                y[(i * c + k) * hw + p] = (x[(i * c + k) * hw + p] - m) / sqrt(v + epsilon) * gamma[k] + beta[k];
        if (mean)
            mean[k] = m;
        if (var)
            var[k] = v;
    }
}

void ref_avg_pool(double *y, const double *x, size_t n, const struct cnas_conv_shape *s)
{
    for (size_t m = 0; m < n * s->c; m++)
        for (long oy = 0; oy < s->oh; oy++)
            for (long ox = 0; ox < s->ow; ox++) {
                double sum = 0;
                for (long r = 0; r < s->kh; r++)
                    for (long q = 0; q < s->kw; q++) {
                        long iy = oy * s->stride + r - s->pad_y, ix = ox * s->stride + q - s->pad_x;
                        if (iy >= 0 && iy < s->h && ix >= 0 && ix < s->w)
                            sum += x[((long)m * s->h + iy) * s->w + ix];
                    }
                *y++ = sum / (s->kh * s->kw);
            }
}

void ref_max_pool(double *y, const double *x, size_t n, const struct cnas_conv_shape *s)
{
    for (size_t m = 0; m < n * s->c; m++)
        for (long oy = 0; oy < s->oh; oy++)
            for (long ox = 0; ox < s->ow; ox++) {
                double most = -INFINITY;
                for (long r = 0; r < s->kh; r++)
                    for (long q = 0; q < s->kw; q++) {
                        long iy = oy * s->stride + r - s->pad_y, ix = ox * s->stride + q - s->pad_x;
                        if (iy >= 0 && iy < s->h && ix >= 0 && ix < s->w)
                            most = fmax(most, x[((long)m * s->h + iy) * s->w + ix]);
                    }
                *y++ = most;
            }
}

void ref_slice(double *y, const double *x, size_t n, const struct cnas_slice_shape *s)
{
    for (long m = 0; m < (long)n; m++)
        for (long c = 0; c < s->oc; c++)
            for (long i = 0; i < s->oh; i++)
                for (long j = 0; j < s->ow; j++) {
                    const long r = i + s->row, q = j + s->column;
                    *y++ = r < 0 || r >= s->h || q < 0 || q >= s->w ? 0 : x[((m * s->c + c + s->channel) * s->h + r) * s->w + q];
                }
}

void ref_subsample(double *y, const double *x, size_t n, size_t c, size_t h, size_t w, size_t oh, size_t ow, size_t stride,
                   size_t offset_y, size_t offset_x)
{
    for (size_t m = 0; m < n * c; m++)
        for (size_t i = 0; i < oh; i++)
            for (size_t j = 0; j < ow; j++)
                *y++ = x[(m * h + i * stride + offset_y) * w + j * stride + offset_x];
}

double ref_cross_entropy(const double *logits, const uint32_t *labels, size_t n, size_t classes)
{
    double loss = 0;
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t c = 0; c < classes; c++)
            sum += exp(logits[i * classes + c]);
        loss += log(sum) - logits[i * classes + labels[i]];
    }
    return loss / (double)n;
}
