/* Sums and passes of batch norm, addition and ReLU; see block.h. Each loop is written once with its variants as bits of `f`. The
 * variants that networks consist of are compiled with f constant, all others share one copy that asks at each pixel. */

/* What is constant along a run of pixels of one block of channels. */
struct branch {
    const void *z;
    vec scale, shift;
};

enum {
    F_BF16 = 1,
    F_SCALE0 = 2, F_BRANCH1 = 4, F_SCALE1 = 8, /* in[0] has a scale; in[1] is there; it has a scale */
    F_RELU = 16, F_SIGNS = 32,                 /* apply */
    F_MORE = 16, F_Y = 32, F_BITS = 64, F_AGAIN = 128, F_G = 256,           /* backward: dy_more; the mask; write g */
    F_OUT0 = 256, F_BN0 = 512, F_ADD0 = 1024, F_OUT1 = 2048, F_BN1 = 4096, F_ADD1 = 8192, /* second pass; BN: of_g and the others are there */
};

INLINE unsigned branch_flags(enum cn_engine_type type, const struct cn_engine_branch in[2])
{
    return (type == CN_ENGINE_BF16 ? F_BF16 : 0) | (in[0].scale ? F_SCALE0 : 0) | (in[1].z ? F_BRANCH1 : 0) |
           (in[1].z && in[1].scale ? F_SCALE1 : 0);
}

INLINE struct branch branch_at(const struct cn_engine_branch *in, int there, int scaled, int bf16, size_t vector, size_t block)
{
    struct branch b = {0};
    if (there)
        b.z = (const char *)in->z + vector * LANES * element_size(bf16);
    if (scaled) {
        b.scale = load_floats(in->scale + block * LANES);
        b.shift = load_floats(in->shift + block * LANES);
    }
    return b;
}

/* in[0] + in[1] at a pixel, in the same order of operations forward and where the mask is made again. */
INLINE vec sum_of_branches(unsigned f, const struct branch *b0, const struct branch *b1, size_t p)
{
    vec z = load(f & F_BF16, b0->z, p);
    if (f & F_SCALE0)
        z = multiply_add(z, b0->scale, b0->shift);
    if (f & F_BRANCH1) {
        vec r = load(f & F_BF16, b1->z, p);
        if (f & F_SCALE1)
            r = multiply_add(r, b1->scale, b1->shift);
        z += r;
    }
    return z;
}

INLINE void apply_runs(const struct cn_engine_apply *a, size_t first, size_t last, unsigned f)
{
    const size_t hw = (size_t)a->map.h * a->map.w, blocks = (a->map.c + LANES - 1) / LANES;
    const int streams = a->stream;
    for (size_t run = first; run < last; run++) {
        const struct branch b0 = branch_at(&a->in[0], 1, f & F_SCALE0, f & F_BF16, run * hw, run % blocks),
                            b1 = branch_at(&a->in[1], f & F_BRANCH1, f & F_SCALE1, f & F_BF16, run * hw, run % blocks);
        char *y = (char *)a->y + run * hw * LANES * element_size(f & F_BF16);
        sign_word *signs = f & F_SIGNS ? (sign_word *)a->signs + run * hw : NULL;
        UNROLL
        for (size_t p = 0; p < hw; p++) {
            ahead(f & F_BF16, b0.z, p);
            if (f & F_BRANCH1)
                ahead(f & F_BF16, b1.z, p);
            vec v = sum_of_branches(f, &b0, &b1, p);
            if (f & F_SIGNS)
                signs[p] = signs_of(v);
            v = f & F_RELU ? relu(v) : v;
            if (streams)
                stream(f & F_BF16, y, p, v);
            else
                store(f & F_BF16, y, p, v);
        }
    }
    if (streams)
        fence();
}

static TARGET void apply(const struct cn_engine_apply *a, size_t first, size_t last)
{
    const unsigned f = branch_flags(a->type, a->in) | (a->relu ? F_RELU : 0) | (a->signs ? F_SIGNS : 0);
    switch (f) {
#define CASE(flags)                                       \
    case (flags): apply_runs(a, first, last, (flags)); return; \
    case (flags) | F_BF16: apply_runs(a, first, last, (flags) | F_BF16); return;
    CASE(F_SCALE0)
    CASE(F_SCALE0 | F_RELU)
    CASE(F_SCALE0 | F_BRANCH1 | F_RELU)
    CASE(F_SCALE0 | F_BRANCH1 | F_SCALE1 | F_RELU)
    CASE(F_SCALE0 | F_BRANCH1 | F_RELU | F_SIGNS)
    CASE(F_SCALE0 | F_BRANCH1 | F_SCALE1 | F_RELU | F_SIGNS)
    CASE(F_RELU)
    CASE(F_BRANCH1)
    CASE(F_BRANCH1 | F_RELU)
#undef CASE
    default: apply_runs(a, first, last, f);
    }
}

/* Sums are carried in double: a product of floats is exact in it, and moving the centre from 0 to the mean afterwards costs no more
 * than (mean / deviation)^2 of its 2^-53. Products of bfloat16 are exact in float, of which a few are added before they go to
 * double: a sixteen times shorter way for numbers that are a thousand times less exact. */
struct total {
    wide lower, upper;
};
enum { FEW = 16 };

INLINE struct total total_load(const double *p)
{
    struct total t;
    memcpy(&t, p, sizeof t);
    return t;
}

INLINE void total_store(double *p, struct total t)
{
    memcpy(p, &t, sizeof t);
}

INLINE void total_add(struct total *t, wide l, wide u)
{
    t->lower += l;
    t->upper += u;
}

/* t += v; t += v w. few: what bfloat16 adds in float. */
INLINE void total_number(struct total *t, vec *few, int bf16, vec v)
{
    if (bf16)
        *few += v;
    else
        total_add(t, lower(v), upper(v));
}

INLINE void total_product(struct total *t, vec *few, int bf16, vec v, vec w)
{
    if (bf16)
        *few = multiply_add(v, w, *few);
    else
        total_add(t, lower(v) * lower(w), upper(v) * upper(w));
}

INLINE void total_few(struct total *t, int bf16, vec few)
{
    if (bf16)
        total_add(t, lower(few), upper(few));
}

INLINE void sums_samples(double *sums, struct cn_engine_map map, const void *z, size_t first, size_t last, int bf16)
{
    const size_t hw = (size_t)map.h * map.w, blocks = (map.c + LANES - 1) / LANES, channels = blocks * LANES;
    memset(sums, 0, 2 * channels * sizeof *sums);
    for (size_t sample = first; sample < last; sample++)
        for (size_t block = 0; block < blocks; block++) {
            const char *in = (const char *)z + (sample * blocks + block) * hw * LANES * element_size(bf16);
            struct total sum = total_load(sums + block * LANES), squares = total_load(sums + channels + block * LANES);
            for (size_t p = 0; p < hw;) {
                vec few = {0}, few_squares = {0};
                UNROLL
                for (const size_t end = p + FEW < hw ? p + FEW : hw; p < end; p++) {
                    ahead(bf16, in, p);
                    vec v = load(bf16, in, p);
                    total_number(&sum, &few, bf16, v);
                    total_product(&squares, &few_squares, bf16, v, v);
                }
                total_few(&sum, bf16, few);
                total_few(&squares, bf16, few_squares);
            }
            total_store(sums + block * LANES, sum);
            total_store(sums + channels + block * LANES, squares);
        }
}

static TARGET void sums(double *out, enum cn_engine_type type, struct cn_engine_map map, const void *z, size_t first, size_t last)
{
    if (type == CN_ENGINE_BF16)
        sums_samples(out, map, z, first, last, 1);
    else
        sums_samples(out, map, z, first, last, 0);
}

/* The gradient behind ReLU at a pixel. */
struct gradient {
    const void *dy, *more, *y;
    const sign_word *signs;
};

INLINE struct gradient gradient_at(const struct cn_engine_back *b, size_t vector, unsigned f)
{
    const size_t bytes = vector * LANES * element_size(f & F_BF16);
    struct gradient g = {.dy = (const char *)b->dy + bytes};
    if (f & F_MORE)
        g.more = (const char *)b->dy_more + bytes;
    if (f & F_Y)
        g.y = (const char *)b->mask_from + bytes;
    if (f & F_BITS)
        g.signs = (const sign_word *)b->mask_from + vector;
    return g;
}

INLINE vec gradient(unsigned f, const struct gradient *d, const struct branch *b0, const struct branch *b1, size_t p)
{
    vec g = load(f & F_BF16, d->dy, p);
    if (f & F_MORE)
        g += load(f & F_BF16, d->more, p);
    if (f & F_Y)
        g = where(load(f & F_BF16, d->y, p) > (vec){0}, g);
    if (f & F_BITS)
        g = where(mask_of_signs(d->signs[p]), g);
    if (f & F_AGAIN)
        g = where(sum_of_branches(f, b0, b1, p) > (vec){0}, g);
    return g;
}

INLINE void gradient_ahead(unsigned f, const struct gradient *d, size_t p)
{
    ahead(f & F_BF16, d->dy, p);
    if (f & F_MORE)
        ahead(f & F_BF16, d->more, p);
    if (f & F_Y)
        ahead(f & F_BF16, d->y, p);
}

INLINE unsigned back_flags(const struct cn_engine_back *b)
{
    return branch_flags(b->type, b->in) | (b->dy_more ? F_MORE : 0) |
           (b->mask == CN_ENGINE_MASK_Y ? F_Y : b->mask == CN_ENGINE_MASK_SIGNS ? F_BITS : b->mask == CN_ENGINE_MASK_AGAIN ? F_AGAIN : 0);
}

INLINE void back_sums_samples(double *out, const struct cn_engine_back *b, size_t first, size_t last, unsigned f)
{
    const size_t hw = (size_t)b->map.h * b->map.w, blocks = (b->map.c + LANES - 1) / LANES, channels = blocks * LANES;
    const int bf16 = f & F_BF16;
    memset(out, 0, 3 * channels * sizeof *out);
    for (size_t sample = first; sample < last; sample++)
        for (size_t block = 0; block < blocks; block++) {
            const size_t vector = (sample * blocks + block) * hw;
            const struct branch b0 = branch_at(&b->in[0], f & (F_SCALE0 | F_AGAIN), f & F_SCALE0, f & F_BF16, vector, block),
                                b1 = branch_at(&b->in[1], f & F_BRANCH1, f & F_SCALE1, f & F_BF16, vector, block);
            const struct gradient d = gradient_at(b, vector, f);
            char *g_out = f & F_G ? (char *)b->g + vector * LANES * element_size(f & F_BF16) : NULL;
            double *at = out + block * LANES;
            struct total sum = total_load(at), product0 = total_load(at + channels), product1 = total_load(at + 2 * channels);
            for (size_t p = 0; p < hw;) {
                vec few = {0}, few0 = {0}, few1 = {0};
                UNROLL
                for (const size_t end = p + FEW < hw ? p + FEW : hw; p < end; p++) {
                    gradient_ahead(f, &d, p);
                    if (f & F_SCALE0)
                        ahead(bf16, b0.z, p);
                    if (f & F_SCALE1)
                        ahead(bf16, b1.z, p);
                    vec g = gradient(f, &d, &b0, &b1, p);
                    if (f & F_G) {
                        store(bf16, g_out, p, g);
                        if (bf16)
                            g = load(1, g_out, p); /* what the second pass will see */
                    }
                    total_number(&sum, &few, bf16, g);
                    if (f & F_SCALE0)
                        total_product(&product0, &few0, bf16, g, load(bf16, b0.z, p));
                    if (f & F_SCALE1)
                        total_product(&product1, &few1, bf16, g, load(bf16, b1.z, p));
                }
                total_few(&sum, bf16, few);
                total_few(&product0, bf16, few0);
                total_few(&product1, bf16, few1);
            }
            total_store(at, sum);
            total_store(at + channels, product0);
            total_store(at + 2 * channels, product1);
        }
}

static TARGET void back_sums(double *out, const struct cn_engine_back *b, size_t first, size_t last)
{
    unsigned f = back_flags(b) | (b->g ? F_G : 0);
    if (!(f & (F_AGAIN | F_SCALE1)))
        f &= ~(unsigned)F_BRANCH1; /* nobody reads it */
    switch (f) {
#define CASE(flags)                                                \
    case (flags): back_sums_samples(out, b, first, last, (flags)); return; \
    case (flags) | F_BF16: back_sums_samples(out, b, first, last, (flags) | F_BF16); return;
    CASE(F_SCALE0)
    CASE(F_SCALE0 | F_AGAIN)
    CASE(F_SCALE0 | F_AGAIN | F_MORE | F_G)
    CASE(F_SCALE0 | F_BRANCH1 | F_AGAIN | F_MORE | F_G)
    CASE(F_SCALE0 | F_Y | F_MORE | F_G)
    CASE(F_SCALE0 | F_BITS | F_MORE | F_G)
    CASE(F_SCALE0 | F_BRANCH1 | F_SCALE1 | F_AGAIN | F_MORE | F_G)
    CASE(F_SCALE0 | F_BRANCH1 | F_SCALE1 | F_Y | F_MORE | F_G)
    CASE(F_SCALE0 | F_BRANCH1 | F_SCALE1 | F_BITS | F_MORE | F_G)
#undef CASE
    default: back_sums_samples(out, b, first, last, f);
    }
}

/* Where a branch's gradient goes, on a run. */
struct target {
    const void *z;
    char *dz;
    vec of_g, of_z, of_1;
};

INLINE struct target target_at(const struct cn_engine_back *b, int i, int there, int bn, int bf16, size_t vector, size_t block)
{
    const size_t bytes = vector * LANES * element_size(bf16);
    struct target t = {0};
    if (there)
        t.dz = (char *)b->out[i].dz + bytes;
    if (there && bn) {
        t.z = (const char *)b->in[i].z + bytes;
        t.of_g = load_floats(b->out[i].of_g + block * LANES);
        t.of_z = load_floats(b->out[i].of_z + block * LANES);
        t.of_1 = load_floats(b->out[i].of_1 + block * LANES);
    }
    return t;
}

INLINE vec target_value(const struct target *t, vec g, int bn, int add, int bf16, size_t p)
{
    vec v = g;
    if (bn)
        v = multiply_add(t->of_g, g, multiply_add(t->of_z, load(bf16, t->z, p), t->of_1));
    if (add)
        v += load(bf16, t->dz, p);
    return v;
}

INLINE void back_apply_runs(const struct cn_engine_back *b, size_t first, size_t last, unsigned f)
{
    const size_t hw = (size_t)b->map.h * b->map.w, blocks = (b->map.c + LANES - 1) / LANES;
    const int bf16 = f & F_BF16, streams0 = f & F_OUT0 && b->out[0].stream;
    for (size_t run = first; run < last; run++) {
        const size_t vector = run * hw, block = run % blocks;
        const struct branch b0 = branch_at(&b->in[0], f & F_AGAIN, f & F_AGAIN && f & F_SCALE0, bf16, vector, block),
                            b1 = branch_at(&b->in[1], f & F_AGAIN && f & F_BRANCH1, f & F_AGAIN && f & F_SCALE1, bf16, vector, block);
        const struct gradient d = gradient_at(b, vector, f);
        const struct target t0 = target_at(b, 0, f & F_OUT0, f & F_BN0, bf16, vector, block),
                            t1 = target_at(b, 1, f & F_OUT1, f & F_BN1, bf16, vector, block);
        UNROLL
        for (size_t p = 0; p < hw; p++) {
            gradient_ahead(f, &d, p);
            if (f & (F_AGAIN | F_BN0))
                ahead(bf16, f & F_BN0 ? t0.z : b0.z, p);
            if (f & F_BN1)
                ahead(bf16, t1.z, p);
            vec g = gradient(f, &d, &b0, &b1, p), v0 = g, v1 = g;
            if (f & F_OUT0)
                v0 = target_value(&t0, g, f & F_BN0, f & F_ADD0, bf16, p);
            if (f & F_OUT1)
                v1 = target_value(&t1, g, f & F_BN1, f & F_ADD1, bf16, p);
            if (f & F_OUT0 && streams0)
                stream(bf16, t0.dz, p, v0);
            else if (f & F_OUT0)
                store(bf16, t0.dz, p, v0);
            if (f & F_OUT1)
                store(bf16, t1.dz, p, v1);
        }
    }
    if (streams0)
        fence();
}

static TARGET void back_apply(const struct cn_engine_back *b, size_t first, size_t last)
{
    unsigned f = back_flags(b);
    if (!(f & F_AGAIN))
        f &= ~(unsigned)(F_SCALE0 | F_BRANCH1 | F_SCALE1); /* nobody reads them */
    f |= (b->out[0].dz ? F_OUT0 : 0) | (b->out[0].dz && b->out[0].of_g ? F_BN0 : 0) |
         (b->out[0].dz && b->out[0].add ? F_ADD0 : 0) | (b->out[1].dz ? F_OUT1 : 0) |
         (b->out[1].dz && b->out[1].of_g ? F_BN1 : 0) | (b->out[1].dz && b->out[1].add ? F_ADD1 : 0);
    switch (f) {
#define CASE(flags)                                         \
    case (flags): back_apply_runs(b, first, last, (flags)); return; \
    case (flags) | F_BF16: back_apply_runs(b, first, last, (flags) | F_BF16); return;
    CASE(F_OUT0 | F_BN0)
    CASE(F_SCALE0 | F_AGAIN | F_OUT0 | F_BN0)
    CASE(F_OUT0 | F_BN0 | F_OUT1 | F_BN1)
    CASE(F_Y | F_OUT0)
    CASE(F_AGAIN | F_OUT0)
#undef CASE
    default: back_apply_runs(b, first, last, f);
    }
}
