/* Pooling; see block.h. */

INLINE void global_runs(struct cn_engine_map map, float *y, const void *x, size_t first, size_t last, int bf16)
{
    const size_t hw = (size_t)map.h * map.w, blocks = (map.c + LANES - 1) / LANES;
    for (size_t run = first; run < last; run++) {
        const char *in = (const char *)x + run * hw * LANES * element_size(bf16);
        const size_t channel = run % blocks * LANES, count = map.c - channel < LANES ? map.c - channel : LANES;
        struct total sum = {0};
        for (size_t p = 0; p < hw;) {
            vec few = {0};
            UNROLL
            for (const size_t end = p + FEW < hw ? p + FEW : hw; p < end; p++) {
                ahead(bf16, in, p);
                total_number(&sum, &few, bf16, load(bf16, in, p));
            }
            total_few(&sum, bf16, few);
        }
        double all[LANES];
        memcpy(all, &sum, sizeof all);
        for (size_t i = 0; i < count; i++)
            y[run / blocks * map.c + channel + i] = (float)(all[i] / (double)hw);
    }
}

static TARGET void global(enum cn_engine_type type, struct cn_engine_map map, float *y, const void *x, size_t first, size_t last)
{
    if (type == CN_ENGINE_BF16)
        global_runs(map, y, x, first, last, 1);
    else
        global_runs(map, y, x, first, last, 0);
}

INLINE void global_back_runs(struct cn_engine_map map, void *dx, int add, const float *dy, size_t first, size_t last, int bf16)
{
    const size_t hw = (size_t)map.h * map.w, blocks = (map.c + LANES - 1) / LANES;
    for (size_t run = first; run < last; run++) {
        char *out = (char *)dx + run * hw * LANES * element_size(bf16);
        const size_t channel = run % blocks * LANES, count = map.c - channel < LANES ? map.c - channel : LANES;
        float share[LANES] = {0};
        for (size_t i = 0; i < count; i++)
            share[i] = dy[run / blocks * map.c + channel + i] / (float)hw;
        const vec d = load_floats(share);
        UNROLL
        for (size_t p = 0; p < hw; p++)
            store(bf16, out, p, add ? load(bf16, out, p) + d : d);
    }
}

static TARGET void global_back(enum cn_engine_type type, struct cn_engine_map map, void *dx, int add, const float *dy, size_t first, size_t last)
{
    if (type == CN_ENGINE_BF16)
        global_back_runs(map, dx, add, dy, first, last, 1);
    else
        global_back_runs(map, dx, add, dy, first, last, 0);
}

/* Rows (or columns) of the window of output o that lie inside the map: first .. end-1. */
struct window {
    size_t first, end;
};

INLINE struct window window_of(size_t o, size_t stride, size_t pad, size_t kernel, size_t size)
{
    const size_t start = o * stride, stop = start + kernel;
    return (struct window){start > pad ? start - pad : 0, stop < pad ? 0 : stop - pad < size ? stop - pad : size};
}

/* The outputs whose windows hold row (or column) i: o stride - pad <= i < o stride - pad + kernel. */
INLINE struct window windows_with(size_t i, size_t stride, size_t pad, size_t kernel, size_t outputs)
{
    const size_t at = i + pad, end = at / stride + 1;
    return (struct window){at < kernel ? 0 : (at - kernel) / stride + 1, end < outputs ? end : outputs};
}

INLINE vec average(const struct cnas_conv_shape *s, const void *x, struct window rows, struct window columns, int bf16)
{
    vec sum = {0};
    for (size_t r = rows.first; r < rows.end; r++)
        for (size_t q = columns.first; q < columns.end; q++)
            sum += load(bf16, x, r * s->w + q);
    return sum * (1 / (float)(s->kh * s->kw));
}

/* The largest of a window, and the number of its place in the window. A NaN wins, and stays; the first of equals wins. */
struct largest {
    vec value;
    lane_mask place;
};

INLINE struct largest largest_of(const struct cnas_conv_shape *s, const void *x, struct window rows, struct window columns, int bf16)
{
    struct largest best = {load(bf16, x, rows.first * s->w + columns.first), {0}};
    int32_t place = 0;
    for (size_t r = rows.first; r < rows.end; r++)
        for (size_t q = columns.first; q < columns.end; q++, place++) {
            const vec v = load(bf16, x, r * s->w + q);
            const lane_mask wins = ~(v <= best.value) & (best.value == best.value);
            best.value = (vec)(((lane_mask)v & wins) | ((lane_mask)best.value & ~wins));
            best.place = (place & wins) | (best.place & ~wins);
        }
    return best;
}

/* The commonest pooling: windows of 2x2 that tile the map. Code for it is compiled with these numbers as constants. */
INLINE int is_halving(const struct cnas_conv_shape *s)
{
    return s->kh == 2 && s->kw == 2 && s->stride == 2 && !s->pad_y && !s->pad_x && s->oh * 2 == s->h && s->ow * 2 == s->w;
}

INLINE struct window rows_of(const struct cnas_conv_shape *s, size_t i, int halving)
{
    return halving ? (struct window){2 * i, 2 * i + 2} : window_of(i, s->stride, s->pad_y, s->kh, s->h);
}

INLINE struct window columns_of(const struct cnas_conv_shape *s, size_t o, int halving)
{
    return halving ? (struct window){2 * o, 2 * o + 2} : window_of(o, s->stride, s->pad_x, s->kw, s->w);
}

/* The rows that the next windows need: several streams are too much for the processor's prefetcher. */
INLINE void rows_ahead(const struct cnas_conv_shape *s, const char *x, struct window rows, struct window columns, int bf16)
{
    for (size_t r = rows.first; r < rows.end; r++)
        for (size_t q = columns.first; q < columns.end; q += bf16 ? 2 : 1)
            __builtin_prefetch(x + ((r + s->stride) * s->w + q) * LANES * element_size(bf16));
}

INLINE void pool_runs(const struct cn_engine_pool *p, size_t first, size_t last, int bf16, int max, int halving)
{
    const struct cnas_conv_shape *s = p->shape;
    const size_t in = (size_t)s->h * s->w, out = (size_t)s->oh * s->ow, bytes = LANES * element_size(bf16);
    for (size_t run = first; run < last; run++) {
        const char *x = (const char *)p->x + run * in * bytes;
        char *y = (char *)p->y + run * out * bytes;
        for (size_t i = 0; i < s->oh; i++) {
            const struct window rows = rows_of(s, i, halving);
            for (size_t o = 0; o < s->ow; o++) {
                const struct window columns = columns_of(s, o, halving);
                rows_ahead(s, x, rows, columns, bf16);
                store(bf16, y, i * s->ow + o,
                      max ? largest_of(s, x, rows, columns, bf16).value : average(s, x, rows, columns, bf16));
            }
        }
    }
}

static TARGET void pool(const struct cn_engine_pool *p, size_t first, size_t last)
{
    const int bf16 = p->type == CN_ENGINE_BF16;
    switch ((p->max ? 2 : 0) + is_halving(p->shape)) {
    case 0: pool_runs(p, first, last, bf16, 0, 0); break;
    case 1: pool_runs(p, first, last, bf16, 0, 1); break;
    case 2: pool_runs(p, first, last, bf16, 1, 0); break;
    default: pool_runs(p, first, last, bf16, 1, 1);
    }
}

/* Each element collects from the windows that hold it. */
INLINE void average_back(const struct cnas_conv_shape *s, char *dx, const char *dy, int add, int bf16)
{
    const float scale = 1 / (float)(s->kh * s->kw);
    for (size_t r = 0; r < s->h; r++) {
        const struct window rows = windows_with(r, s->stride, s->pad_y, s->kh, s->oh);
        for (size_t q = 0; q < s->w; q++) {
            const struct window columns = windows_with(q, s->stride, s->pad_x, s->kw, s->ow);
            vec sum = {0};
            for (size_t i = rows.first; i < rows.end; i++)
                for (size_t o = columns.first; o < columns.end; o++)
                    sum += load(bf16, dy, i * s->ow + o);
            sum *= scale;
            store(bf16, dx, r * s->w + q, add ? load(bf16, dx, r * s->w + q) + sum : sum);
        }
    }
}

INLINE void average_back_halving(const struct cnas_conv_shape *s, char *dx, const char *dy, int add, int bf16)
{
    for (size_t i = 0; i < s->oh; i++)
        for (size_t o = 0; o < s->ow; o++) {
            const vec d = load(bf16, dy, i * s->ow + o) * 0.25f;
            UNROLL
            for (size_t k = 0; k < 4; k++) {
                const size_t at = (2 * i + k / 2) * s->w + 2 * o + k % 2;
                store(bf16, dx, at, add ? load(bf16, dx, at) + d : d);
            }
        }
}

/* Each window gives to one of its elements, in every lane another. */
INLINE void max_back(const struct cnas_conv_shape *s, char *dx, const char *dy, const char *x, int add, int bf16, int halving)
{
    if (!add && !halving)
        memset(dx, 0, (size_t)s->h * s->w * LANES * element_size(bf16));
    for (size_t i = 0; i < s->oh; i++) {
        const struct window rows = rows_of(s, i, halving);
        for (size_t o = 0; o < s->ow; o++) {
            const struct window columns = columns_of(s, o, halving);
            rows_ahead(s, x, rows, columns, bf16);
            const struct largest best = largest_of(s, x, rows, columns, bf16);
            const vec d = load(bf16, dy, i * s->ow + o);
            int32_t place = 0;
            for (size_t r = rows.first; r < rows.end; r++)
                for (size_t q = columns.first; q < columns.end; q++, place++) {
                    const vec part = where(best.place == place, d);
                    store(bf16, dx, r * s->w + q, !add && halving ? part : load(bf16, dx, r * s->w + q) + part);
                }
        }
    }
}

static TARGET void pool_back(const struct cn_engine_pool *p, size_t first, size_t last)
{
    const struct cnas_conv_shape *s = p->shape;
    const int bf16 = p->type == CN_ENGINE_BF16, halving = is_halving(s);
    const size_t in = (size_t)s->h * s->w * LANES * element_size(bf16), out = (size_t)s->oh * s->ow * LANES * element_size(bf16);
    for (size_t run = first; run < last; run++) {
        char *dx = (char *)p->dx + run * in;
        const char *dy = (const char *)p->dy + run * out, *x = p->max ? (const char *)p->x + run * in : NULL;
        switch ((p->max ? 2 : 0) + halving) {
        case 0: average_back(s, dx, dy, p->add_dx, bf16); break;
        case 1: average_back_halving(s, dx, dy, p->add_dx, bf16); break;
        case 2: max_back(s, dx, dy, x, p->add_dx, bf16, 0); break;
        default: max_back(s, dx, dy, x, p->add_dx, bf16, 1);
        }
    }
}
