/* AES-128 against FIPS 197 and NIST vectors, in every implementation that this CPU has, and the hash built on it. */
#include "runtime/prg/crh.h"
#include "runtime/prg/prg.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *key, *plain, *cipher;
} known[] = {
    /* FIPS 197, appendices B and C.1 */
    {"2b7e151628aed2a6abf7158809cf4f3c", "3243f6a8885a308d313198a2e0370734", "3925841d02dc09fbdc118597196a0b32"},
    {"000102030405060708090a0b0c0d0e0f", "00112233445566778899aabbccddeeff", "69c4e0d86a7b0430d8cdb78070b4c55a"},
    /* NIST SP 800-38A, F.1.1 (ECB-AES128) */
    {"2b7e151628aed2a6abf7158809cf4f3c", "6bc1bee22e409f96e93d7e117393172a", "3ad77bb40d7a3660a89ecaf32466ef97"},
    {"2b7e151628aed2a6abf7158809cf4f3c", "ae2d8a571e03ac9c9eb76fac45af8e51", "f5d3d58503b9699de785895a96fdbaaf"},
    {"2b7e151628aed2a6abf7158809cf4f3c", "30c81c46a35ce411e5fbc1191a0a52ef", "43b1cd7f598ece23881b00e3ed030688"},
    {"2b7e151628aed2a6abf7158809cf4f3c", "f69f2445df4f9b17ad2b417be66c3710", "7b0c785e27e8ad3f8223207104725dd4"},
    /* NIST AESAVS, appendices B (GFSbox), D (VarTxt), E (VarKey) */
    {"00000000000000000000000000000000", "f34481ec3cc627bacd5dc3fb08f273e6", "0336763e966d92595a567cc9ce537f5e"},
    {"00000000000000000000000000000000", "80000000000000000000000000000000", "3ad78e726c1ec02b7ebfe92b23d9ec34"},
    {"00000000000000000000000000000000", "ffffffffffffffffffffffffffffffff", "3f5b8cc9ea855a0afa7347d23e8d664e"},
    {"80000000000000000000000000000000", "00000000000000000000000000000000", "0edd33d3c621e546455bd8ba1418bec8"},
    {"ffffffffffffffffffffffffffffffff", "00000000000000000000000000000000", "a1f6258c877d5fcd8964484538bfc92c"},
};
enum { KNOWN = sizeof known / sizeof known[0] };

static cn_block from_hex(const char *hex)
{
    cn_block b;
    unsigned char bytes[16];
    for (int i = 0; i < 16; i++) {
        char two[3] = {hex[2 * i], hex[2 * i + 1], 0};
        bytes[i] = (unsigned char)strtoul(two, NULL, 16);
    }
    memcpy(&b, bytes, sizeof b);
    return b;
}

static void ck_same(const cn_block *a, const cn_block *b, size_t n)
{
    ck_assert_mem_eq(a, b, n * sizeof *a);
}

static void random_blocks(struct cn_prg *g, cn_block *out, size_t n)
{
    cn_prg_bytes(g, out, n * sizeof *out);
}

START_TEST(known_answers)
{
    if (!cn_aes_supported((enum cn_aes_kind)_i))
        return;
    const struct cn_aes_ops *ops = cn_aes_ops((enum cn_aes_kind)_i);
    for (int v = 0; v < KNOWN; v++) {
        cn_block key = from_hex(known[v].key), plain = from_hex(known[v].plain), cipher = from_hex(known[v].cipher), out[41];
        for (int i = 0; i < 41; i++)
            out[i] = plain;
        ops->encrypt(out, out, key, 41);
        for (int i = 0; i < 41; i++)
            ck_same(&out[i], &cipher, 1);
        /* H(0, x) = AES(start, sigma(x)) xor sigma(x): choose x with sigma(x) = plain */
        cn_block x = {{plain.w[0] ^ plain.w[1], plain.w[0]}}, sigma = cn_crh_sigma(x), h;
        ck_same(&sigma, &plain, 1);
        ops->hash(&h, &x, key, 0, 1);
        h = cn_block_xor(h, plain);
        ck_same(&h, &cipher, 1);
    }
}
END_TEST

/* H by its definition from encrypt alone, for every count up to 150 and a tweak that crosses 2^32. */
START_TEST(hash_by_definition)
{
    if (!cn_aes_supported((enum cn_aes_kind)_i))
        return;
    const struct cn_aes_ops *ops = cn_aes_ops((enum cn_aes_kind)_i), *portable = cn_aes_ops(CN_AES_PORTABLE);
    struct cn_prg g;
    unsigned char seed[32] = {7};
    cn_prg_init(&g, seed);
    enum { MOST = 150 };
    cn_block in[MOST], start, delta, want0[MOST], want1[MOST], out[MOST + 1], out1[MOST + 1], guard;
    random_blocks(&g, in, MOST);
    random_blocks(&g, &start, 1);
    random_blocks(&g, &delta, 1);
    random_blocks(&g, &guard, 1);
    uint64_t tweak = 0xffffffe0;
    for (size_t i = 0; i < MOST; i++) {
        cn_block key = {{start.w[0] ^ (tweak + i), start.w[1]}};
        cn_block x[2] = {cn_crh_sigma(in[i]), cn_crh_sigma(cn_block_xor(in[i], delta))}, y[2];
        portable->encrypt(y, x, key, 2);
        want0[i] = cn_block_xor(y[0], x[0]);
        want1[i] = cn_block_xor(y[1], x[1]);
    }
    for (size_t n = 0; n <= MOST; n++) {
        out[n] = out1[n] = guard;
        ops->hash_pair(out, out1, in, delta, start, tweak, n);
        ck_same(out, want0, n);
        ck_same(out1, want1, n);
        ck_same(&out[n], &guard, 1); /* nothing written past the end */
        ck_same(&out1[n], &guard, 1);
        memcpy(out, in, n * sizeof *in);
        out[n] = guard;
        ops->hash(out, out, start, tweak, n); /* in place */
        ck_same(out, want0, n);
        ck_same(&out[n], &guard, 1);
    }
}
END_TEST

START_TEST(all_kinds_agree)
{
    enum { N = 1000 };
    struct cn_prg g;
    unsigned char seed[32] = {8};
    cn_prg_init(&g, seed);
    static cn_block in[N], want[N], out[N];
    for (int round = 0; round < 20; round++) {
        cn_block key;
        random_blocks(&g, &key, 1);
        random_blocks(&g, in, N);
        size_t n = cn_prg_u64(&g) % N;
        cn_aes_ops(CN_AES_PORTABLE)->encrypt(want, in, key, n);
        for (int kind = 0; kind < CN_AES_KINDS; kind++) {
            if (!cn_aes_supported((enum cn_aes_kind)kind))
                continue;
            cn_aes_ops((enum cn_aes_kind)kind)->encrypt(out, in, key, n);
            ck_same(out, want, n);
        }
    }
}
END_TEST

/* sigma and x -> sigma(x) xor x have full rank over GF(2): the image of a basis is a basis. */
START_TEST(sigma_is_a_linear_orthomorphism)
{
    for (int plus_x = 0; plus_x < 2; plus_x++) {
        unsigned __int128 row[128];
        for (int i = 0; i < 128; i++) {
            cn_block x = {{i < 64 ? UINT64_C(1) << i : 0, i < 64 ? 0 : UINT64_C(1) << (i - 64)}}, y = cn_crh_sigma(x);
            if (plus_x)
                y = cn_block_xor(x, y);
            row[i] = (unsigned __int128)y.w[1] << 64 | y.w[0];
        }
        int rank = 0;
        for (int bit = 0; bit < 128; bit++) {
            int pivot = rank;
            while (pivot < 128 && !(row[pivot] >> bit & 1))
                pivot++;
            if (pivot == 128)
                continue;
            unsigned __int128 t = row[pivot];
            row[pivot] = row[rank];
            row[rank] = t;
            for (int i = 0; i < 128; i++)
                if (i != rank && (row[i] >> bit & 1))
                    row[i] ^= t;
            rank++;
        }
        ck_assert_int_eq(rank, 128);
    }
}
END_TEST

START_TEST(stream_position_advances)
{
    struct cn_aes_stream whole = {.key = {{1, 2}}}, parts = whole;
    static cn_block a[300], b[300];
    cn_aes_stream(&whole, a, 300);
    size_t done = 0;
    for (size_t n = 0; done<300; done += n, n = n * 2 + 1> 300 - done ? 300 - done : n * 2 + 1)
        cn_aes_stream(&parts, b + done, n);
    ck_same(a, b, 300);
    ck_assert_uint_eq(parts.next, 300);
    int again = 0;
    for (int i = 0; i < 300; i++)
        for (int j = 0; j < i; j++)
            again += memcmp(&a[i], &a[j], sizeof a[i]) == 0;
    ck_assert_int_eq(again, 0);
    cn_block counter = {{299, 0}}, last;
    cn_aes_ops(CN_AES_PORTABLE)->encrypt(&last, &counter, whole.key, 1);
    ck_same(&last, &a[299], 1);
}
END_TEST

START_TEST(the_fastest_is_chosen_and_can_be_replaced)
{
    const struct cn_aes_ops *first = cn_aes();
    ck_assert_ptr_eq(first, cn_aes());
    enum cn_aes_kind fastest = CN_AES_KINDS - 1;
    while (!cn_aes_supported(fastest))
        fastest--;
    ck_assert_ptr_eq(first, cn_aes_ops(fastest));
    cn_aes_use(CN_AES_PORTABLE);
    ck_assert_str_eq(cn_aes()->name, "portable");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("prg/aes");
    TCase *t = tcase_create("aes");
    tcase_add_loop_test(t, known_answers, 0, CN_AES_KINDS);
    tcase_add_loop_test(t, hash_by_definition, 0, CN_AES_KINDS);
    tcase_add_test(t, all_kinds_agree);
    tcase_add_test(t, sigma_is_a_linear_orthomorphism);
    tcase_add_test(t, stream_position_advances);
    tcase_add_test(t, the_fastest_is_chosen_and_can_be_replaced);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
