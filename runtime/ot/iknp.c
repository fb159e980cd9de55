/* OT extension in the correlated form, semi-honest.
 * Source:  Ishai, Kilian, Nissim, Petrank, "Extending oblivious transfers efficiently", CRYPTO 2003, section 3; seeds and the
 *          correlated form as in Asharov, Lindell, Schneider, Zohner, CCS 2013, ePrint 2013/552.
 * Differs: no hash at the end, the users hash. Bit 0 of delta is 1 and publicly so, hence column 0 needs no secrecy: q's is 0,
 *          t's is the choice bits, nothing is sent; 127 columns remain. A column's generator is AES in counter mode under a base
 *          OT key; its position advances for the life of the session, so no stream block is used twice.
 * Names:   delta, q, t, u as in the papers; b the choice bits as a column. Column j: t_j = G(k_j,0), u_j = t_j + G(k_j,1) + b,
 *          q_j = G(k_j,delta_j) + delta_j u_j = t_j + delta_j b.
 * Sends:   the receiver only, in parts of at most PART blocks a column: memory does not grow with n. */
#include "runtime/ot/ot.h"

#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"
#include "runtime/ot/base.h"
#include "runtime/ot/transpose.h"
#include "runtime/prg/aes.h"

#include <string.h>

enum { COLUMNS = 127, PART = 128 }; /* PART blocks of 128 OTs: 254 KiB on the wire, 256 KiB of work space */

struct cn_cot_sender {
    cn_block delta;
    struct cn_aes_stream column[COLUMNS]; /* of bits 1 ... 127 */
    cn_block work[128 * PART];            /* row j: column j of this part */
    cn_block u[COLUMNS * PART];           /* what was received */
    cn_block last[128];
};

struct cn_cot_receiver {
    struct cn_aes_stream column[COLUMNS][2];
    cn_block work[128 * PART];
    cn_block u[COLUMNS * PART];
    cn_block last[128];
};

enum cnas_status cn_cot_sender_new(struct cn_cot_sender **out, struct cn_chan *chan, struct cn_prg *prg)
{
    unsigned char choices[COLUMNS];
    cn_block keys[COLUMNS];
    *out = NULL;
    struct cn_cot_sender *s = cn_mem_zalloc(1, sizeof *s);
    if (!s)
        return CNAS_E_MEMORY;
    cn_prg_bytes(prg, &s->delta, sizeof s->delta);
    s->delta.w[0] |= 1;
    for (unsigned j = 0; j < COLUMNS; j++)
        choices[j] = s->delta.w[(j + 1) / 64] >> (j + 1) % 64 & 1;
    enum cnas_status status = cn_ot_base_receive(keys, choices, COLUMNS, chan, prg);
    if (status == CNAS_OK) {
        for (unsigned j = 0; j < COLUMNS; j++)
            s->column[j] = (struct cn_aes_stream){.key = keys[j]};
        *out = s;
    } else {
        cn_cot_sender_free(&s);
    }
    cn_mem_wipe(choices, sizeof choices);
    cn_mem_wipe(keys, sizeof keys);
    return status;
}

enum cnas_status cn_cot_receiver_new(struct cn_cot_receiver **out, struct cn_chan *chan, struct cn_prg *prg)
{
    cn_block keys[COLUMNS][2];
    *out = NULL;
    struct cn_cot_receiver *r = cn_mem_zalloc(1, sizeof *r);
    if (!r)
        return CNAS_E_MEMORY;
    enum cnas_status status = cn_ot_base_send(keys, COLUMNS, chan, prg);
    if (status == CNAS_OK) {
        for (unsigned j = 0; j < COLUMNS; j++)
            for (unsigned k = 0; k < 2; k++)
                r->column[j][k] = (struct cn_aes_stream){.key = keys[j][k]};
        *out = r;
    } else {
        cn_cot_receiver_free(&r);
    }
    cn_mem_wipe(keys, sizeof keys);
    return status;
}

void cn_cot_sender_free(struct cn_cot_sender **s)
{
    cn_mem_wipe_free(*s, sizeof **s);
    *s = NULL;
}

void cn_cot_receiver_free(struct cn_cot_receiver **r)
{
    cn_mem_wipe_free(*r, sizeof **r);
    *r = NULL;
}

cn_block cn_cot_delta(const struct cn_cot_sender *s)
{
    return s->delta;
}

/* Rows of `work` to OTs; a last block that is not full goes through `last`. */
static void deliver(cn_block *out, size_t n, const cn_block *work, size_t blocks, cn_block last[128])
{
    size_t full = n / 128 < blocks ? n / 128 : blocks;
    cn_ot_transpose(out, work, blocks, full);
    if (full < blocks) {
        cn_ot_transpose(last, work + full, blocks, 1);
        memcpy(out + 128 * full, last, (n - 128 * full) * sizeof *out);
    }
}

static size_t part_blocks(size_t n)
{
    size_t blocks = n / 128 + (n % 128 != 0);
    return blocks < PART ? blocks : PART;
}

size_t cn_cot_bytes(size_t n)
{
    return (n / 128 + (n % 128 != 0)) * COLUMNS * sizeof(cn_block);
}

enum cnas_status cn_cot_send(struct cn_cot_sender *s, struct cn_chan *chan, cn_block *q, size_t n)
{
    for (size_t done = 0; done < n;) {
        size_t left = n - done, blocks = part_blocks(left), now = left < 128 * blocks ? left : 128 * blocks;
        enum cnas_status status = cn_chan_recv(chan, s->u, COLUMNS * blocks * sizeof *s->u);
        if (status != CNAS_OK) {
            cn_mem_wipe(q, n * sizeof *q);
            return status;
        }
        memset(s->work, 0, blocks * sizeof *s->work);
        for (size_t j = 0; j < COLUMNS; j++) {
            cn_block *row = s->work + (j + 1) * blocks;
            const cn_block *u = s->u + j * blocks;
            uint64_t bit = s->delta.w[(j + 1) / 64] >> (j + 1) % 64 & 1;
            cn_aes_stream(&s->column[j], row, blocks);
            for (size_t i = 0; i < blocks; i++)
                row[i] = cn_block_xor(row[i], cn_block_times(bit, u[i]));
        }
        deliver(q + done, now, s->work, blocks, s->last);
        done += now;
    }
    return CNAS_OK;
}

enum cnas_status cn_cot_receive(struct cn_cot_receiver *r, struct cn_chan *chan, cn_block *t, const unsigned char *choices,
                                size_t n)
{
    size_t choice_bytes = n / 8 + (n % 8 != 0);
    enum cnas_status status = CNAS_OK;
    for (size_t done = 0; done < n && status == CNAS_OK;) {
        size_t left = n - done, blocks = part_blocks(left), now = left < 128 * blocks ? left : 128 * blocks;
        cn_block *b = r->work;
        size_t first = done / 8, bytes = choice_bytes - first; /* done is a multiple of 128 */
        memset(b, 0, blocks * sizeof *b);
        memcpy(b, choices + first, bytes < 16 * blocks ? bytes : 16 * blocks);
        for (size_t j = 0; j < COLUMNS; j++) {
            cn_block *row = r->work + (j + 1) * blocks, *u = r->u + j * blocks;
            cn_aes_stream(&r->column[j][0], row, blocks);
            cn_aes_stream(&r->column[j][1], u, blocks);
            for (size_t i = 0; i < blocks; i++)
                u[i] = cn_block_xor(cn_block_xor(u[i], row[i]), b[i]);
        }
        status = cn_chan_send(chan, r->u, COLUMNS * blocks * sizeof *r->u);
        deliver(t + done, now, r->work, blocks, r->last);
        done += now;
    }
    if (status == CNAS_OK)
        status = cn_chan_flush(chan);
    if (status != CNAS_OK)
        cn_mem_wipe(t, n * sizeof *t);
    return status;
}
