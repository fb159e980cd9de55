/* The body of wino_avx*.c. Who includes it defines LANES, TARGET (function attributes), FUNCTION (the table's name), AVAILABLE (a
 * condition) and AT_ONCE: how many vectors can be summed in registers beside what is multiplied. No include guard: one body, two units.
 *
 * Source:  Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, 4.3. The gradient of the weights is the
 *          transpose of the forward pass with respect to them.
 * Differs: the points are 0, +-P, +-Q and infinity instead of 0, +-1, +-2: a smaller error at the same cost. With X the product of
 *          (x - point), the rows of B' are the coefficients of X / (x - point), those of A' the powers of the points, those of G
 *          the powers divided by the derivative of X there. */
#include <string.h>

#include "runtime/engine/wino_simd.h"

typedef float vec __attribute__((vector_size(4 * LANES))); /* C has no other way to name a vector type */
typedef uint32_t bits __attribute__((vector_size(4 * LANES)));
typedef uint16_t half __attribute__((vector_size(2 * LANES)));

#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
#define INLINE static inline __attribute__((always_inline)) TARGET

#define P 0.625f
#define Q 1.5f
#define P2 (P * P) /* these two and their product and sum are exact */
#define Q2 (Q * Q)
#define G0 (1 / (P2 * Q2))
#define GP (1 / (2 * P2 * (P2 - Q2)))
#define GQ (1 / (2 * Q2 * (Q2 - P2)))

INLINE vec get(const float *p)
{
    return *(const vec *)p;
}

INLINE void put(float *p, vec v)
{
    *(vec *)p = v;
}

/* ---- the transforms in one dimension ---- */

INLINE void input(vec t[6], const vec d[6]) /* B' d */
{
    vec even_p = d[4] - Q2 * d[2], odd_p = d[3] - Q2 * d[1], even_q = d[4] - P2 * d[2], odd_q = d[3] - P2 * d[1];
    t[0] = P2 * Q2 * d[0] + (d[4] - (P2 + Q2) * d[2]);
    t[1] = even_p + P * odd_p;
    t[2] = even_p - P * odd_p;
    t[3] = even_q + Q * odd_q;
    t[4] = even_q - Q * odd_q;
    t[5] = P2 * Q2 * d[1] + (d[5] - (P2 + Q2) * d[3]);
}

INLINE void output(vec y[4], const vec m[6]) /* A' m */
{
    vec even_p = m[1] + m[2], odd_p = m[1] - m[2], even_q = m[3] + m[4], odd_q = m[3] - m[4];
    y[0] = m[0] + even_p + even_q;
    y[1] = P * odd_p + Q * odd_q;
    y[2] = P2 * even_p + Q2 * even_q;
    y[3] = P * P2 * odd_p + (Q * Q2 * odd_q + m[5]);
}

INLINE void gradient(vec m[6], const vec y[4]) /* A y */
{
    vec even_p = y[0] + P2 * y[2], odd_p = P * y[1] + P * P2 * y[3], even_q = y[0] + Q2 * y[2], odd_q = Q * y[1] + Q * Q2 * y[3];
    m[0] = y[0];
    m[1] = even_p + odd_p;
    m[2] = even_p - odd_p;
    m[3] = even_q + odd_q;
    m[4] = even_q - odd_q;
    m[5] = y[3];
}

INLINE void weights(vec t[6], const vec g[3]) /* G g */
{
    vec even_p = GP * g[0] + GP * P2 * g[2], odd_p = GP * P * g[1], even_q = GQ * g[0] + GQ * Q2 * g[2], odd_q = GQ * Q * g[1];
    t[0] = G0 * g[0];
    t[1] = even_p + odd_p;
    t[2] = even_p - odd_p;
    t[3] = even_q + odd_q;
    t[4] = even_q - odd_q;
    t[5] = g[2];
}

INLINE void back(vec g[3], const vec t[6]) /* G' t */
{
    vec even_p = GP * (t[1] + t[2]), odd_p = GP * (t[1] - t[2]), even_q = GQ * (t[3] + t[4]), odd_q = GQ * (t[3] - t[4]);
    g[0] = G0 * t[0] + even_p + even_q;
    g[1] = P * odd_p + Q * odd_q;
    g[2] = P2 * even_p + (Q2 * even_q + t[5]);
}

/* ---- rows of values ---- */

INLINE vec load(enum cn_engine_type type, const void *p, size_t at)
{
    if (type == CN_ENGINE_F32)
        return get((const float *)p + at);
    half h = *(const half *)((const uint16_t *)p + at);
    return (vec)(__builtin_convertvector(h, bits) << 16);
}

/* Returns what a reader will see: v rounded to the type. */
INLINE vec store(enum cn_engine_type type, void *p, size_t at, vec v)
{
    if (type == CN_ENGINE_F32) {
        put((float *)p + at, v);
        return v;
    }
    bits b = (bits)v, up = b + 0x7fff + (b >> 16 & 1), nan = (bits)(v != v);
    bits top = ((up & ~nan) | ((b | 0x400000) & nan)) >> 16; /* a NaN stays one */
    *(half *)((uint16_t *)p + at) = __builtin_convertvector(top, half);
    return (vec)(top << 16);
}

INLINE vec keep(vec v, vec where_positive)
{
    return (vec)((bits)v & (bits)(where_positive > (vec){0}));
}

/* A NaN stays a NaN: a diverged network must not look healthy. */
INLINE vec relu(vec v)
{
    return (vec)((bits)v & ~(bits)(v < (vec){0}));
}

INLINE const float *read_typed(enum cn_engine_type type, const struct cn_engine_wino_read *r, size_t at, size_t block, size_t w,
                               float *buffer)
{
    vec a = r->scale ? get(r->scale + block * LANES) : (vec){0}, b = r->scale ? get(r->shift + block * LANES) : (vec){0};
    if (!r->z && !r->scale) {
        for (size_t j = 0; j < w; j++)
            put(buffer + j * LANES, load(type, r->x, at + j * LANES));
        return buffer;
    }
    if (!r->z) {
        for (size_t j = 0; j < w; j++) {
            vec v = a * load(type, r->x, at + j * LANES) + b;
            put(buffer + j * LANES, r->relu ? relu(v) : v);
        }
        return buffer;
    }
    vec of_g = get(r->of_g + block * LANES), of_z = get(r->of_z + block * LANES), of_1 = get(r->of_1 + block * LANES);
    for (size_t j = 0; j < w; j++) {
        vec g = load(type, r->x, at + j * LANES), z = load(type, r->z, at + j * LANES);
        if (r->relu)
            g = keep(g, a * z + b);
        put(buffer + j * LANES, of_g * g + (of_z * z + of_1));
    }
    return buffer;
}

static TARGET const float *read_row(const struct cn_engine_wino_read *r, size_t at, size_t block, size_t w, float *buffer)
{
    if (r->type == CN_ENGINE_BF16)
        return read_typed(CN_ENGINE_BF16, r, at, block, w, buffer);
    return r->z || r->scale ? read_typed(CN_ENGINE_F32, r, at, block, w, buffer) : (const float *)r->x + at;
}

INLINE void add_to(double *sums, vec v)
{
    for (int i = 0; i < LANES; i++)
        sums[i] += v[i];
}

INLINE void write_typed(enum cn_engine_type type, const struct cn_engine_wino_write *o, size_t at, size_t block, size_t w, float *row)
{
    if (o->bias || o->add) {
        vec bias = o->bias ? get(o->bias + block * LANES) : (vec){0};
        for (size_t j = 0; j < w; j++) {
            vec v = get(row + j * LANES) + bias;
            if (o->add)
                v += load(type, o->y, at + j * LANES);
            put(row + j * LANES, v);
        }
    }
    if (!o->sums) {
        for (size_t j = 0; j < w; j++)
            store(type, o->y, at + j * LANES, get(row + j * LANES));
        return;
    }
    vec sum = {0}, product = {0}, a = {0}, b = {0};
    if (o->scale)
        a = get(o->scale + block * LANES), b = get(o->shift + block * LANES);
    for (size_t j = 0; j < w; j++) {
        vec v = store(type, o->y, at + j * LANES, get(row + j * LANES)), z = v;
        if (o->z)
            z = load(type, o->z, at + j * LANES);
        if (o->z && o->scale)
            v = keep(v, a * z + b);
        sum += v;
        product += v * z;
    }
    add_to(o->sums + block * LANES, sum);
    add_to(o->products + block * LANES, product);
}

static TARGET void write_row(const struct cn_engine_wino_write *o, size_t at, size_t block, size_t w, float *row)
{
    if (o->type == CN_ENGINE_BF16)
        write_typed(CN_ENGINE_BF16, o, at, block, w, row);
    else
        write_typed(CN_ENGINE_F32, o, at, block, w, row);
}

static TARGET void sum_row(double *sums, const float *row, size_t w)
{
    vec sum = {0};
    for (size_t j = 0; j < w; j++)
        sum += get(row + j * LANES);
    add_to(sums, sum);
}

/* ---- the transforms of tiles: columns of a row of tiles first, shared where tiles overlap, then rows of each tile ---- */

#define STRIDE ((CN_ENGINE_WINO_TILES + 1) * LANES) /* from one of the 36 to the next */

INLINE size_t place(size_t tile)
{
    return tile / CN_ENGINE_WINO_TILES * (CN_ENGINE_WINO_VECTORS * LANES) + tile % CN_ENGINE_WINO_TILES * LANES;
}

/* Of `pixels` in one dimension: 6 of the input, or 4 of the gradient. */
INLINE void transform(int pixels, vec t[6], const vec *d)
{
    if (pixels == 6)
        input(t, d);
    else
        gradient(t, d);
}

INLINE void transform_tiles(int pixels, float *v, const float *const *row, size_t w, size_t left, size_t first, size_t tiles, float *tmp)
{
    float *to = tmp + left * 6 * LANES;
    memset(tmp, 0, left * 6 * sizeof(vec));
    memset(to + w * 6 * LANES, 0, (tiles * 4 + (size_t)(pixels - 4) - left - w) * 6 * sizeof(vec));
    for (size_t j = 0; j < w * LANES; j += LANES, to += 6 * LANES) {
        vec d[6], t[6];
        UNROLL
        for (int i = 0; i < pixels; i++)
            d[i] = get(row[i] + j);
        transform(pixels, t, d);
        UNROLL
        for (int i = 0; i < 6; i++)
            put(to + i * LANES, t[i]);
    }
    for (size_t tile = 0; tile < tiles; tile++, tmp += 4 * 6 * LANES)
        for (int i = 0; i < 6; i++) {
            vec d[6], t[6];
            float *p = v + place(first + tile) + i * 6 * STRIDE;
            UNROLL
            for (int j = 0; j < pixels; j++)
                d[j] = get(tmp + (j * 6 + i) * LANES);
            transform(pixels, t, d);
            UNROLL
            for (int j = 0; j < 6; j++)
                put(p + j * STRIDE, t[j]);
        }
}

static TARGET void take(float *v, const float *const row[6], size_t w, size_t left, size_t first, size_t tiles, float *tmp)
{
    transform_tiles(6, v, row, w, left, first, tiles, tmp);
}

static TARGET void spread(float *v, const float *const row[4], size_t w, size_t first, size_t tiles, float *tmp)
{
    transform_tiles(4, v, row, w, 0, first, tiles, tmp);
}

static TARGET void give(float *y, size_t row, const float *m, size_t first, size_t tiles)
{
    for (size_t tile = 0; tile < tiles; tile++, y += 4 * LANES) {
        const float *p = m + place(first + tile);
        vec u[4][6];
        UNROLL
        for (int j = 0; j < 6; j++) {
            vec column[6], t[4];
            UNROLL
            for (int i = 0; i < 6; i++)
                column[i] = get(p + (i * 6 + j) * STRIDE);
            output(t, column);
            UNROLL
            for (int i = 0; i < 4; i++)
                u[i][j] = t[i];
        }
        UNROLL
        for (int i = 0; i < 4; i++) {
            vec t[4];
            output(t, u[i]);
            UNROLL
            for (int j = 0; j < 4; j++)
                put(y + i * row + j * LANES, t[j]);
        }
    }
}

/* ---- products ---- */

INLINE void multiply(float *m, size_t m_block, const float *v, size_t v_block, const float *u, size_t in_blocks, int tiles, int blocks)
{
    vec sum[CN_ENGINE_WINO_TILES][2], w[2];
    UNROLL
    for (int t = 0; t < tiles; t++)
        UNROLL
        for (int b = 0; b < blocks; b++)
            sum[t][b] = (vec){0};
    for (; in_blocks; in_blocks--, v += v_block)
        for (int c = 0; c < LANES; c++, u += blocks * LANES) {
            UNROLL
            for (int b = 0; b < blocks; b++)
                w[b] = get(u + b * LANES);
            UNROLL
            for (int t = 0; t < tiles; t++)
                UNROLL
                for (int b = 0; b < blocks; b++)
                    sum[t][b] += v[t * LANES + c] * w[b];
        }
    UNROLL
    for (int t = 0; t < tiles; t++)
        UNROLL
        for (int b = 0; b < blocks; b++)
            put(m + b * m_block + t * LANES, sum[t][b]);
}

/* At most CN_ENGINE_WINO_TILES tiles: AT_ONCE at a time, and half as many where there are no more. */
INLINE void multiply_tiles(float *m, size_t m_block, const float *v, size_t v_block, const float *u, size_t in_blocks, size_t tiles,
                           int at_once, int blocks)
{
    for (size_t t = 0; t < tiles; t += (size_t)at_once)
        if (tiles - t > (size_t)at_once / 2)
            multiply(m + t * LANES, m_block, v + t * LANES, v_block, u, in_blocks, at_once, blocks);
        else
            multiply(m + t * LANES, m_block, v + t * LANES, v_block, u, in_blocks, at_once / 2, blocks);
}

static TARGET void multiply_1(float *m, size_t m_block, const float *v, size_t v_block, const float *u, size_t in_blocks, size_t tiles)
{
    multiply_tiles(m, m_block, v, v_block, u, in_blocks, tiles, AT_ONCE, 1);
}

static TARGET void multiply_2(float *m, size_t m_block, const float *v, size_t v_block, const float *u, size_t in_blocks, size_t tiles)
{
    multiply_tiles(m, m_block, v, v_block, u, in_blocks, tiles, AT_ONCE / 2, 2);
}

INLINE void collect(float *s, int add, const float *v, const float *d, size_t d_block, size_t tiles, int channels, int blocks)
{
    vec sum[LANES][2], g[2];
    UNROLL
    for (int c = 0; c < channels; c++)
        UNROLL
        for (int b = 0; b < blocks; b++)
            sum[c][b] = add ? get(s + (c * blocks + b) * LANES) : (vec){0};
    for (size_t first = 0; first < tiles; first += CN_ENGINE_WINO_TILES)
        for (size_t tile = first; tile < tiles && tile < first + CN_ENGINE_WINO_TILES; tile++) {
            const float *p = v + place(tile), *q = d + place(tile);
            UNROLL
            for (int b = 0; b < blocks; b++)
                g[b] = get(q + b * d_block);
            UNROLL
            for (int c = 0; c < channels; c++)
                UNROLL
                for (int b = 0; b < blocks; b++)
                    sum[c][b] += p[c] * g[b];
        }
    UNROLL
    for (int c = 0; c < channels; c++)
        UNROLL
        for (int b = 0; b < blocks; b++)
            put(s + (c * blocks + b) * LANES, sum[c][b]);
}

static TARGET void collect_1(float *s, int add, const float *v, const float *d, size_t d_block, size_t tiles)
{
    collect(s, add, v, d, d_block, tiles, LANES, 1);
}

static TARGET void collect_2(float *s, int add, const float *v, const float *d, size_t d_block, size_t tiles)
{
    collect(s, add, v, d, d_block, tiles, LANES / 2, 2);
    collect(s + LANES * LANES, add, v + LANES / 2, d, d_block, tiles, LANES / 2, 2);
}

/* ---- weights ---- */

static TARGET void pack(float *u, size_t xs, const float *w)
{
    vec g[3][3], t[3][6], row[3];
    UNROLL
    for (int i = 0; i < 3; i++) {
        UNROLL
        for (int j = 0; j < 3; j++)
            g[i][j] = get(w + (i * 3 + j) * LANES);
        weights(t[i], g[i]);
    }
    UNROLL
    for (int j = 0; j < 6; j++) {
        vec column[6];
        UNROLL
        for (int i = 0; i < 3; i++)
            row[i] = t[i][j];
        weights(column, row);
        UNROLL
        for (int i = 0; i < 6; i++)
            put(u + (i * 6 + j) * xs, column[i]);
    }
}

static TARGET void finish(float *dw, const float *s, size_t xs, size_t parts, size_t part)
{
    vec t[3][6], column[6], g[3];
    UNROLL
    for (int j = 0; j < 6; j++) {
        UNROLL
        for (int i = 0; i < 6; i++) {
            column[i] = get(s + (i * 6 + j) * xs);
            for (size_t p = 1; p < parts; p++)
                column[i] += get(s + p * part + (i * 6 + j) * xs);
        }
        back(g, column);
        UNROLL
        for (int i = 0; i < 3; i++)
            t[i][j] = g[i];
    }
    UNROLL
    for (int i = 0; i < 3; i++) {
        back(g, t[i]);
        UNROLL
        for (int j = 0; j < 3; j++)
            put(dw + (i * 3 + j) * LANES, g[j]);
    }
}

const struct cn_engine_wino_simd *FUNCTION(void)
{
    static const struct cn_engine_wino_simd simd = {
        .lanes = LANES, .read = read_row, .write = write_row, .sum = sum_row, .take = take, .spread = spread, .give = give,
        .multiply = {[1] = multiply_1, [2] = multiply_2}, .collect = {[1] = collect_1, [2] = collect_2}, .pack = pack, .finish = finish};
    return AVAILABLE ? &simd : NULL;
}
