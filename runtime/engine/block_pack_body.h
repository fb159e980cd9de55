/* Between plain and blocked, and between number types; see block.h. */

/* LANES vectors as a square matrix are transposed by exchanging, for each distance d, the elements whose row has bit d and whose
 * column has not with those opposite. */
#define KEEP(i, d) ((i) & (d) ? LANES + (i) - (d) : (i))
#define MOVE(i, d) ((i) & (d) ? LANES + (i) : (i) + (d))
#if LANES == 16
#define LANES_OF(f, d) f(0, d), f(1, d), f(2, d), f(3, d), f(4, d), f(5, d), f(6, d), f(7, d), \
    f(8, d), f(9, d), f(10, d), f(11, d), f(12, d), f(13, d), f(14, d), f(15, d)
#else
#define LANES_OF(f, d) f(0, d), f(1, d), f(2, d), f(3, d), f(4, d), f(5, d), f(6, d), f(7, d)
#endif
#define EXCHANGE(d)                                                                  \
    UNROLL_LANES                                                                     \
    for (int i = 0; i < LANES; i++)                                                  \
        if (!(i & (d))) {                                                            \
            const vec a = v[i], b = v[i + (d)];                                      \
            v[i] = __builtin_shufflevector(a, b, LANES_OF(KEEP, d));                 \
            v[i + (d)] = __builtin_shufflevector(a, b, LANES_OF(MOVE, d));           \
        }

INLINE void transpose(vec v[LANES])
{
#if LANES == 16
    EXCHANGE(8)
#endif
    EXCHANGE(4)
    EXCHANGE(2)
    EXCHANGE(1)
}

INLINE void pack_runs(struct cn_engine_map map, void *y, const float *x, size_t first, size_t last, int bf16)
{
    const size_t hw = (size_t)map.h * map.w, blocks = (map.c + LANES - 1) / LANES;
    for (size_t run = first; run < last; run++) {
        const size_t channel = run % blocks * LANES, count = map.c - channel < LANES ? map.c - channel : LANES;
        const float *in = x + (run / blocks * map.c + channel) * hw;
        char *out = (char *)y + run * hw * LANES * element_size(bf16);
        size_t p = 0;
        for (; p + LANES <= hw; p += LANES) {
            vec v[LANES];
            UNROLL_LANES
            for (size_t i = 0; i < LANES; i++)
                v[i] = i < count ? load_floats(in + i * hw + p) : (vec){0};
            transpose(v);
            UNROLL_LANES
            for (size_t i = 0; i < LANES; i++)
                store(bf16, out, p + i, v[i]);
        }
        for (; p < hw; p++) {
            float pixel[LANES] = {0};
            for (size_t i = 0; i < count; i++)
                pixel[i] = in[i * hw + p];
            store(bf16, out, p, load_floats(pixel));
        }
    }
}

static TARGET void pack(enum cn_engine_type type, struct cn_engine_map map, void *y, const float *x, size_t first, size_t last)
{
    if (type == CN_ENGINE_BF16)
        pack_runs(map, y, x, first, last, 1);
    else
        pack_runs(map, y, x, first, last, 0);
}

INLINE void unpack_runs(struct cn_engine_map map, float *y, const void *x, size_t first, size_t last, int bf16)
{
    const size_t hw = (size_t)map.h * map.w, blocks = (map.c + LANES - 1) / LANES;
    for (size_t run = first; run < last; run++) {
        const size_t channel = run % blocks * LANES, count = map.c - channel < LANES ? map.c - channel : LANES;
        const char *in = (const char *)x + run * hw * LANES * element_size(bf16);
        float *out = y + (run / blocks * map.c + channel) * hw;
        size_t p = 0;
        for (; p + LANES <= hw; p += LANES) {
            vec v[LANES];
            UNROLL_LANES
            for (size_t i = 0; i < LANES; i++)
                v[i] = load(bf16, in, p + i);
            transpose(v);
            UNROLL_LANES
            for (size_t i = 0; i < LANES; i++)
                if (i < count)
                    store_floats(out + i * hw + p, v[i]);
        }
        for (; p < hw; p++) {
            float pixel[LANES];
            store_floats(pixel, load(bf16, in, p));
            for (size_t i = 0; i < count; i++)
                out[i * hw + p] = pixel[i];
        }
    }
}

static TARGET void unpack(enum cn_engine_type type, struct cn_engine_map map, float *y, const void *x, size_t first, size_t last)
{
    if (type == CN_ENGINE_BF16)
        unpack_runs(map, y, x, first, last, 1);
    else
        unpack_runs(map, y, x, first, last, 0);
}

INLINE void convert_vectors(int to_bf16, void *y, int from_bf16, const void *x, size_t first, size_t last)
{
    void *out = (char *)y + first * element_size(to_bf16);
    const void *in = (const char *)x + first * element_size(from_bf16);
    size_t count = last - first, whole = count / LANES;
    UNROLL
    for (size_t i = 0; i < whole; i++)
        store(to_bf16, out, i, load(from_bf16, in, i));
    if (count % LANES) {
        char rest[4 * LANES] = {0};
        memcpy(rest, (const char *)in + whole * LANES * element_size(from_bf16), count % LANES * element_size(from_bf16));
        const vec v = load(from_bf16, rest, 0);
        store(to_bf16, rest, 0, v);
        memcpy((char *)out + whole * LANES * element_size(to_bf16), rest, count % LANES * element_size(to_bf16));
    }
}

static TARGET void convert(enum cn_engine_type to, void *y, enum cn_engine_type from, const void *x, size_t first, size_t last)
{
    if (to == CN_ENGINE_BF16 && from == CN_ENGINE_F32)
        convert_vectors(1, y, 0, x, first, last);
    else if (to == CN_ENGINE_F32 && from == CN_ENGINE_BF16)
        convert_vectors(0, y, 1, x, first, last);
    else
        memcpy((char *)y + first * element_size(to == CN_ENGINE_BF16), (const char *)x + first * element_size(to == CN_ENGINE_BF16),
               (last - first) * element_size(to == CN_ENGINE_BF16));
}
