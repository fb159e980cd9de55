/* Coefficient encoding of maps and convolutions, without rotations.
 * Source:  Huang, Lu, Hong, Ding, "Cheetah: lean and fast secure two-party deep neural network inference", USENIX Security
 *          2022, section 3.1 (convolution as one polynomial product).
 * Differs: the map carries gap rows and columns instead of being padded for one kernel, so that one encryption serves every
 *          consumer; exponents are centred (block 0 of a weight polynomial has exponents <= 0, taken modulo X^N + 1), which
 *          makes the read-out independent of kernel size and padding, so that different terms can share one reply; several
 *          outputs share a polynomial and the channels per polynomial balance bytes up against bytes down.
 *
 * Let R = w + gap (row), P = R (h + gap) (plane), B = per_poly P (block), K' = blocks, K' B <= N.
 *   source (c', y, x)    at   c' P + y R + x
 *   weight (k', c', a, b) at  k' B - (c' P + (a - pad_y) R + (b - pad_x))
 *   output (k', i, j)    at   k' B + i stride R + j stride
 * A product of source (c', y, x) and weight (k', c'', a, b) has exponent k' B + d P + u R + v with d = c' - c'', u = y - a + pad_y,
 * v = x - b + pad_x; it is wanted at (k', i, j) iff d = 0, u = i stride, v = j stride, and then lands there. Conversely suppose that
 * it lands, modulo N, at output (k'', i, j). Write D for the difference of the exponents,
 *   D = (k' - k'') B + d P + (u - i stride) R + (v - j stride) = 0 mod N.
 * Over all sources, weights and outputs, v - j stride runs from pad_x - (kw-1) - (ow-1) stride to w - 1 + pad_x. cn_he_term_gap asks
 *   gap >= pad_x   and   gap >= (ow-1) stride + kw - pad_x - w   (what the last window hangs over the far side),
 * hence |v - j stride| <= R - 1, and likewise |u - i stride| <= h + gap - 1, so that |(u - i stride) R + (v - j stride)| <= P - 1;
 * |d| <= per_poly - 1, so that adding d P stays within B - 1; |k' - k''| <= K' - 1, so that |D| <= K' B - 1 < N. So D = 0 mod N only
 * if D = 0: the wrap at X^N + 1 does no harm. And D = 0 forces, from the largest unit down, k' = k'', d = 0, u = i stride,
 * v = j stride: each next part is smaller in magnitude than one unit of the one before it.
 * Outputs stay inside their plane, so that they are distinct coefficients: gap >= (ow-1) stride + 1 - w, also for windows that see
 * nothing but padding. Two taps that each read some element cannot share an exponent (such a tap's product is wanted somewhere,
 * and then the other's would be unwanted there); taps that read nothing are left out. */
#include "runtime/he/layout.h"

#include "runtime/base/misuse.h"
#include "runtime/he/noise.h"
#include "runtime/he/params.h"

#include <string.h>

/* Channels per polynomial for maps of c channels: outputs in one polynomial cost coefficients of the block, so fewer channels
 * per polynomial mean more encrypted polynomials up (q_bits per coefficient) and fewer replies down (about 45 bits). With r
 * outputs for each input the bytes go as q_bits / per_poly + 45 r / blocks. Consumers are not known here: r = 1, but 16 for an image
 * (c <= 4). Else not a function of c unless the whole map fits, so that maps of different depth can share replies. */
static void choose_blocks(struct cn_he_map *m, const struct cn_he_params *p)
{
    const uint64_t ratio = m->c <= 4 ? 16 : 1;
    uint64_t fit = p->n / m->plane, best = 0, best_cost = 0, best_div = 1;
    for (uint64_t blocks = 1; blocks <= CN_HE_MAX_BLOCKS && blocks <= fit; blocks++) {
        uint64_t per_poly = fit / blocks, cost = p->q_bits * blocks + 45 * ratio * per_poly, div = per_poly * blocks;
        if (!best || cost * best_div < best_cost * div) {
            best = blocks;
            best_cost = cost;
            best_div = div;
        }
    }
    uint64_t per_poly = fit / best;
    m->per_poly = (uint32_t)(per_poly < m->c ? per_poly : m->c);
    m->block = m->per_poly * m->plane;
    uint64_t blocks = p->n / m->block;
    m->blocks = (uint32_t)(blocks < CN_HE_MAX_BLOCKS ? blocks : CN_HE_MAX_BLOCKS);
}

enum cnas_status cn_he_map_init(struct cn_he_map *m, const struct cn_he_params *p, uint32_t c, uint32_t h, uint32_t w, uint32_t gap)
{
    cn_require(c > 0 && h > 0 && w > 0);
    memset(m, 0, sizeof *m);
    uint64_t row = (uint64_t)w + gap, rows = (uint64_t)h + gap;
    if (row > p->n || rows > p->n || row * rows > p->n)
        return CNAS_E_RANGE;
    m->c = c;
    m->h = h;
    m->w = w;
    m->row = (uint32_t)row;
    m->plane = (uint32_t)(row * rows);
    m->degree = (uint32_t)p->n;
    choose_blocks(m, p);
    m->polys = (c - 1) / m->per_poly + 1;
    return CNAS_OK;
}

static int64_t axis_gap(uint32_t size, uint32_t outs, uint32_t stride, uint32_t kernel, int32_t pad)
{
    int64_t last = (int64_t)(outs - 1) * stride, gap = 0;
    if (gap < pad)
        gap = pad;
    if (gap < last + kernel - pad - size)
        gap = last + kernel - pad - size;
    if (gap < last + 1 - size)
        gap = last + 1 - size;
    return gap;
}

uint32_t cn_he_term_gap(uint32_t h, uint32_t w, const struct cn_he_term_shape *t)
{
    cn_require(h && w && t->k && t->oh && t->ow && t->kh && t->kw && t->stride);
    int64_t y = axis_gap(h, t->oh, t->stride, t->kh, t->pad_y), x = axis_gap(w, t->ow, t->stride, t->kw, t->pad_x);
    int64_t gap = y > x ? y : x;
    return gap < UINT32_MAX ? (uint32_t)gap : UINT32_MAX; /* no map takes such a gap: cn_he_map_init refuses it */
}

bool cn_he_tap_used(uint32_t size, uint32_t outs, uint32_t stride, int32_t pad, uint32_t a)
{
    int64_t at = (int64_t)a - pad;
    for (uint32_t i = 0; i < outs; i++, at += stride)
        if (at >= 0 && at < size)
            return true;
    return false;
}

void cn_he_term_check(const struct cn_he_term_shape *t)
{
    const struct cn_he_map *m = &t->map;
    cn_require(m->per_poly && m->blocks && (uint64_t)m->block * m->blocks <= m->degree);
    uint32_t gap = cn_he_term_gap(m->h, m->w, t);
    cn_require(m->row - m->w >= gap);
}

bool cn_he_same_reply(const struct cn_he_term_shape *a, const struct cn_he_term_shape *b)
{
    return a->map.degree == b->map.degree && a->k == b->k && a->oh == b->oh && a->ow == b->ow && a->stride == b->stride &&
           a->map.row == b->map.row && a->map.block == b->map.block && a->map.blocks == b->map.blocks;
}
