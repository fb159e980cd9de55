/* The parameter sets. Security: "Homomorphic Encryption Security Standard" (Albrecht et al., HomomorphicEncryption.org, 2018),
 * table 1, ternary secret, error of standard deviation 3.2, 128 bits classical: log2 q <= 109 at N = 4096, <= 218 at N = 8192.
 * The error here is centred binomial with eta = 21, standard deviation 3.24.
 *
 * Primes stay below 2^50 so that 52-bit multipliers can serve them: the largest that are 1 mod 2 * 8192 below 2^50, and for the
 * most that N = 4096 allows, the largest three that are 1 mod 2 * 4096 below 2^(109/3). */
#include "runtime/he/params.h"

#include "runtime/base/misuse.h"
#include "runtime/he/he.h"
#include "runtime/he/noise.h"

#include <pthread.h>

static const uint64_t primes50[4] = {UINT64_C(0x3ffffffffc001), UINT64_C(0x3fffffffcc001), UINT64_C(0x3ffffffef4001),
                                     UINT64_C(0x3ffffffe94001)};
static const uint64_t primes36[3] = {UINT64_C(0x1428a02001), UINT64_C(0x14289f6001), UINT64_C(0x14289ee001)};

/* In order of cost. */
static const struct set {
    unsigned id, log_n, primes, family; /* family: which tables */
} sets[] = {
    {1, 12, 2, 0}, /* log2 q = 100 of 109 */
    {2, 12, 3, 1}, /* log2 q = 109 of 109 */
    {3, 13, 3, 2}, /* log2 q = 150 of 218 */
    {4, 13, 4, 2}, /* log2 q = 200 of 218 */
};
enum { N_SETS = sizeof sets / sizeof *sets };

static struct cn_he_ntt tables_0[2], tables_1[3], tables_2[4];
static struct cn_he_params params[N_SETS];
static pthread_once_t once[3] = {PTHREAD_ONCE_INIT, PTHREAD_ONCE_INIT, PTHREAD_ONCE_INIT};

/* floor(2^192 / q) by long division, one 64-bit digit at a time. */
static void reciprocal(uint64_t out[3], uint64_t q)
{
    unsigned __int128 rest = 1;
    for (int i = 2; i >= 0; i--) {
        rest <<= 64;
        out[i] = (uint64_t)(rest / q);
        rest %= q;
    }
}

/* The product of the primes as 256 bits, low word first; then its lowest word and its top 63 bits. */
static void product(struct cn_he_params *p)
{
    uint64_t q[4] = {1, 0, 0, 0};
    for (unsigned i = 0; i < p->primes; i++) {
        uint64_t carry = 0;
        for (int k = 0; k < 4; k++) {
            unsigned __int128 x = (unsigned __int128)q[k] * p->ntt[i]->mod.q + carry;
            q[k] = (uint64_t)x;
            carry = (uint64_t)(x >> 64);
        }
    }
    int high = 3;
    while (!q[high])
        high--;
    unsigned bits = 64 * (unsigned)high + 64 - (unsigned)__builtin_clzll(q[high]);
    p->q_low = q[0];
    p->q_shift = bits - 63;
    unsigned word = p->q_shift / 64, shift = p->q_shift % 64;
    unsigned __int128 two = q[word] | (unsigned __int128)(word < 3 ? q[word + 1] : 0) << 64;
    p->q_top = (uint64_t)(two >> shift) & UINT64_MAX >> 1;
}

static void make_params(struct cn_he_params *p, const struct set *set, const struct cn_he_ntt *tables)
{
    p->id = set->id;
    p->log_n = set->log_n;
    p->n = (size_t)1 << set->log_n;
    p->primes = set->primes;
    p->q_bits = 0;
    for (unsigned i = 0; i < p->primes; i++)
        p->ntt[i] = &tables[i];
    for (unsigned i = 0; i < p->primes; i++) {
        const struct cn_he_mod *m = &tables[i].mod;
        uint64_t others = 1, inverse = 1, base;
        for (unsigned j = 0; j < p->primes; j++)
            if (j != i)
                others = cn_he_mul(others, tables[j].mod.q % m->q, m);
        base = others; /* inverse = others^(q_i - 2) */
        for (uint64_t e = m->q - 2; e; e >>= 1, base = cn_he_mul(base, base, m))
            if (e & 1)
                inverse = cn_he_mul(inverse, base, m);
        p->crt[i] = cn_he_factor(inverse, m->q);
        reciprocal(p->recip[i], m->q);
        p->q_bits += m->bits;
    }
    product(p);
}

static void make_0(void)
{
    for (int i = 0; i < 2; i++)
        cn_he_ntt_init(&tables_0[i], primes50[i], 12);
    make_params(&params[0], &sets[0], tables_0);
}
static void make_1(void)
{
    for (int i = 0; i < 3; i++)
        cn_he_ntt_init(&tables_1[i], primes36[i], 12);
    make_params(&params[1], &sets[1], tables_1);
}
static void make_2(void)
{
    for (int i = 0; i < 4; i++)
        cn_he_ntt_init(&tables_2[i], primes50[i], 13);
    make_params(&params[2], &sets[2], tables_2);
    make_params(&params[3], &sets[3], tables_2);
}

const struct cn_he_params *cn_he_params_by_id(unsigned id)
{
    static void (*const make[3])(void) = {make_0, make_1, make_2};
    for (int i = 0; i < N_SETS; i++)
        if (sets[i].id == id) {
            if (pthread_once(&once[sets[i].family], make[sets[i].family]) != 0)
                cn_misuse("pthread_once refused its arguments");
            return &params[i];
        }
    return NULL;
}

const struct cn_he_params *cn_he_params_pick(const struct cn_he_need *need, const char **why)
{
    *why = NULL;
    if (need->ring_bits < 1 || need->ring_bits > 60)
        *why = "homomorphic encryption serves rings of 1 to 60 bits";
    else if (need->weight_bits < 1 || need->weight_bits > 31)
        *why = "homomorphic encryption serves weights of 1 to 31 bits";
    else if (need->max_taps < 1 || need->max_taps > UINT64_C(1) << 30)
        *why = "homomorphic encryption serves sums of 1 to 2^30 weights";
    else if (need->reply_values < 1 || need->reply_values > UINT64_C(1) << 36)
        *why = "homomorphic encryption serves 1 to 2^36 values in one inference";
    else if (need->max_plane > CN_HE_MAX_DEGREE)
        *why = "a map's channel with its border has more elements than the largest ciphertext (8192)";
    if (*why)
        return NULL;
    for (int i = 0; i < N_SETS; i++) {
        const struct cn_he_params *p = cn_he_params_by_id(sets[i].id);
        uint64_t bound = cn_he_noise_bound(need, need->max_taps, CN_HE_MAX_BLOCKS, p->n);
        if (need->max_plane <= p->n && cn_he_flood_possible(p, need->ring_bits, bound) >= (int)cn_he_flood_needed(need, bound))
            return p;
    }
    *why = "no parameter set has room for this ring, these weights and 40 bits of statistical security: use fewer ring or weight bits";
    return NULL;
}

unsigned cn_he_params_id(const struct cn_he_params *p)
{
    return p->id;
}

size_t cn_he_degree(const struct cn_he_params *p)
{
    return p->n;
}
