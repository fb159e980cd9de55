/* Modular arithmetic against the compiler's 128-bit division; the transform against tests/kat/ntt.txt, schoolbook products, and
 * inputs that drive the lazy sums to their limits. */
#include "runtime/he/dot.h"
#include "runtime/he/ntt.h"
#include "tests/unit/he_support.h"

static struct cn_he_ntt table;
static uint64_t x[CN_HE_MAX_DEGREE], y[CN_HE_MAX_DEGREE], z[CN_HE_MAX_DEGREE];

static uint64_t mul(uint64_t a, uint64_t b, uint64_t q)
{
    return (uint64_t)((unsigned __int128)a * b % q);
}

START_TEST(arithmetic)
{
    static const uint64_t primes[] = {97, 0x3ffffffffc001, 0x5a827999fbc001, UINT64_C(1152921504606830593)};
    struct cn_prg g;
    test_prg(&g, 1);
    for (size_t i = 0; i < sizeof primes / sizeof *primes; i++) {
        uint64_t q = primes[i], edge[] = {0, 1, 2, q / 2, q - 1, q, q + 1, 2 * q - 1, 2 * q, UINT64_MAX - 1, UINT64_MAX};
        cn_he_ntt_init(&table, q, 3);
        const struct cn_he_mod *m = &table.mod;
        for (int r = 0; r < 3000; r++) {
            size_t n_edge = sizeof edge / sizeof *edge;
            uint64_t a = r < 500 ? edge[cn_prg_u64(&g) % n_edge] : cn_prg_u64(&g);
            uint64_t b = r < 500 ? edge[cn_prg_u64(&g) % n_edge] : cn_prg_u64(&g);
            unsigned __int128 wide = (unsigned __int128)a << 64 | b;
            ck_assert_uint_eq(cn_he_reduce128(wide, m), (uint64_t)(wide % q));
            ck_assert_uint_eq(cn_he_mul_const(a, cn_he_factor(b % q, q), q), mul(a, b % q, q));
            ck_assert_uint_eq(cn_he_mul(a % q, b % q, m), mul(a % q, b % q, q));
            ck_assert_uint_eq(cn_he_add(a % q, b % q, q), (uint64_t)(((unsigned __int128)(a % q) + b % q) % q));
            ck_assert_uint_eq(cn_he_sub(a % q, b % q, q), (uint64_t)(((unsigned __int128)(a % q) + q - b % q) % q));
            int64_t small = (int64_t)(a % q) / 2;
            ck_assert_uint_eq(cn_he_add(cn_he_lift(small, q), cn_he_lift(-small, q), q), 0);
        }
    }
}
END_TEST

static uint64_t kat_x(uint64_t k, uint64_t q)
{
    return (uint64_t)(((unsigned __int128)k * k * k * 1234567890123 + (unsigned __int128)k * 987654321 + 5) % q);
}

static uint64_t kat_y(uint64_t k, uint64_t q)
{
    uint64_t a = k + 7, p = mul(mul(a * a, a * a, q), a, q);
    return (uint64_t)(((unsigned __int128)p * 1000003 + 11) % q);
}

/* _i: 0 as this processor would, 1 portable. */
START_TEST(known_answers)
{
    char path[4096], line[512];
    const char *top = getenv("top_srcdir");
    snprintf(path, sizeof path, "%s/tests/kat/ntt.txt", top ? top : ".");
    FILE *f = fopen(path, "r");
    ck_assert_msg(f != NULL, "%s cannot be opened", path);
    int primes = 0, numbers = 0;
    ck_assert_ptr_nonnull(fgets(line, sizeof line, f)); /* origin */
    while (fgets(line, sizeof line, f)) {
        unsigned long long a, b, c;
        if (sscanf(line, "prime %llu %llu %llu", &a, &b, &c) == 3) {
            cn_he_ntt_init(&table, a, (unsigned)b);
            table.ifma = table.ifma && _i == 0;
            ck_assert_uint_eq(table.psi, c);
            for (size_t k = 0; k < table.n; k++) {
                x[k] = kat_x(k, a);
                y[k] = kat_y(k, a);
            }
            cn_he_ntt_forward(x, &table);
            cn_he_ntt_forward(y, &table);
            for (size_t k = 0; k < table.n; k++)
                z[k] = cn_he_mul(x[k], y[k], &table.mod);
            cn_he_ntt_inverse(z, &table);
            primes++;
        } else if (sscanf(line, "value %llu %llu", &a, &b) == 2) {
            ck_assert_uint_eq(x[a], b);
            numbers++;
        } else {
            ck_assert_int_eq(sscanf(line, "product %llu %llu", &a, &b), 2);
            ck_assert_uint_eq(z[a], b);
            numbers++;
        }
    }
    fclose(f);
    ck_assert_int_eq(primes, 9);
    ck_assert_int_eq(numbers, 9 * 24);
}
END_TEST

/* Every degree from 8, a wide and a 50-bit prime: products against the definition, and back. */
START_TEST(schoolbook)
{
    struct cn_prg g;
    test_prg(&g, 2);
    for (unsigned log_n = 3; log_n <= 10; log_n++) {
        size_t n = (size_t)1 << log_n;
        uint64_t q = _i == 0 ? 0x5a827999fbc001 : 0x3ffffffffc001, a[1024], b[1024];
        cn_he_ntt_init(&table, q, log_n);
        for (size_t k = 0; k < n; k++) {
            x[k] = a[k] = cn_prg_u64(&g) % q;
            y[k] = b[k] = cn_prg_u64(&g) % q;
        }
        cn_he_ntt_forward(x, &table);
        cn_he_ntt_forward(y, &table);
        for (size_t k = 0; k < n; k++)
            z[k] = cn_he_mul(x[k], y[k], &table.mod);
        cn_he_ntt_inverse(z, &table);
        cn_he_ntt_inverse(x, &table);
        ck_assert_mem_eq(x, a, n * sizeof *x);
        for (size_t i = 0; i < n; i++) {
            uint64_t want = 0;
            for (size_t j = 0; j < n; j++) {
                uint64_t product = mul(a[j], b[(i + n - j) % n], q);
                want = (want + (j <= i ? product : q - product)) % q;
            }
            ck_assert_uint_eq(z[i], want);
        }
    }
}
END_TEST

START_TEST(limits)
{
    static const uint64_t primes[] = {0x3ffffffffc001, UINT64_C(1152921504606830593)}; /* the second is just below 2^60 */
    for (size_t i = 0; i < 2; i++) {
        cn_he_ntt_init(&table, primes[i], 13);
        table.ifma = table.ifma && _i == 0;
        for (int pattern = 0; pattern < 4; pattern++) {
            for (size_t k = 0; k < table.n; k++)
                y[k] = x[k] = (pattern == 0 || (k >> (pattern - 1) & 1)) ? primes[i] - 1 : 0;
            cn_he_ntt_forward(x, &table);
            for (size_t k = 0; k < table.n; k++)
                ck_assert(x[k] < primes[i]);
            cn_he_ntt_inverse(x, &table);
            ck_assert_mem_eq(x, y, table.n * sizeof *x);
        }
    }
}
END_TEST

/* Sums of products against 128-bit division, largest values included; the processor's path and the portable one agree. */
START_TEST(dot)
{
    enum { N = 64 };
    static uint64_t values[3 * CN_HE_DOT_MOST][N];
    const uint64_t *w[CN_HE_DOT_MOST], *x0[CN_HE_DOT_MOST], *x1[CN_HE_DOT_MOST], q = 0x3ffffffffc001;
    struct cn_prg g;
    test_prg(&g, 3);
    cn_he_ntt_init(&table, q, 6);
    for (int r = 0; r < 200; r++) {
        unsigned count = r < 2 ? CN_HE_DOT_MOST : (unsigned)test_below(&g, CN_HE_DOT_MOST + 1);
        for (int i = 0; i < 3 * CN_HE_DOT_MOST; i++)
            for (int k = 0; k < N; k++)
                values[i][k] = r == 0 || cn_prg_u64(&g) % 8 == 0 ? q - 1 : cn_prg_u64(&g) % q;
        for (unsigned i = 0; i < count; i++) {
            w[i] = values[3 * i];
            x0[i] = values[3 * i + 1];
            x1[i] = values[3 * i + 2];
        }
        uint64_t out[4][N], want[2][N];
        for (int k = 0; k < N; k++) {
            out[0][k] = out[2][k] = want[0][k] = q - 1;
            out[1][k] = out[3][k] = want[1][k] = (uint64_t)k;
            for (unsigned i = 0; i < count; i++) {
                want[0][k] = (want[0][k] + mul(w[i][k], x0[i][k], q)) % q;
                want[1][k] = (want[1][k] + mul(w[i][k], x1[i][k], q)) % q;
            }
        }
        struct cn_he_ntt *t = &table;
        bool ifma = t->ifma;
        cn_he_dot(out[0], out[1], w, x0, x1, count, N, t);
        t->ifma = false;
        cn_he_dot(out[2], out[3], w, x0, x1, count, N, t);
        t->ifma = ifma;
        ck_assert_mem_eq(out[0], want, sizeof want);
        ck_assert_mem_eq(out[2], want, sizeof want);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("he_ntt");
    TCase *c = tcase_create("ntt");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, arithmetic);
    tcase_add_loop_test(c, known_answers, 0, 2);
    tcase_add_loop_test(c, schoolbook, 0, 2);
    tcase_add_loop_test(c, limits, 0, 2);
    tcase_add_test(c, dot);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
