/* The order of calls as a small machine: for every point but the input LINEAR, then ACTIVATE; at the output online REVEAL. */
#include "runtime/party/session.h"

#include "runtime/base/clock.h"
#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"
#include "runtime/net/socket.h"

#include <string.h>

enum { DEFAULT_DEADLINE_S = 30, DEFAULT_QUEUE = 4 };

struct cnas_private_options cn_session_options(const struct cnas_private_options *o)
{
    struct cnas_private_options out = o ? *o : (struct cnas_private_options){0};
    if (!(out.deadline_s > 0))
        out.deadline_s = DEFAULT_DEADLINE_S;
    if (out.max_queue == 0)
        out.max_queue = DEFAULT_QUEUE;
    return out;
}

void cn_session_start(struct cn_session *s, const struct cnas_model *m, struct cn_chan *chan, bool online_linear, double started)
{
    memset(s, 0, sizeof *s);
    s->m = m;
    s->chan = chan;
    s->online_linear = online_linear;
    s->started = started;
    cn_prg_init_os(&s->prg);
}

void cn_session_clear(struct cn_session *s)
{
    cn_chan_free(&s->chan);
    cn_prg_clear(&s->prg);
}

const struct cnas_error *cn_session_error(const struct cn_session *s)
{
    return &s->error;
}

enum cnas_status cn_session_leave(struct cn_session *s, enum cnas_status status, const char *text)
{
    if (status == CNAS_OK || s->state == CN_DEAD)
        return status;
    s->state = CN_DEAD;
    if (cn_chan_error(s->chan)->status != CNAS_OK)
        s->error = *cn_chan_error(s->chan);
    else
        cn_error(&s->error, status, "%s", text ? text : cnas_status_text(status));
    return status;
}

enum cnas_status cn_session_ready(struct cn_session *s)
{
    if (s->state == CN_DEAD)
        return s->error.status;
    if (s->state != CN_READY)
        cn_misuse("called while an offline or online run is under way");
    return CNAS_OK;
}

static void to_point(struct cn_session *s, uint32_t point)
{
    s->point = point;
    bool output = s->m->points[point].kind == CNAS_POINT_OUTPUT;
    s->step = s->state == CN_OFFLINE || s->online_linear ? CN_LINEAR : output ? CN_REVEAL : CN_ACTIVATE;
}

enum cnas_status cn_session_begin(struct cn_session *s, enum cn_state phase)
{
    enum cnas_status status = cn_session_ready(s);
    if (status != CNAS_OK)
        return status;
    s->state = phase;
    s->started = cn_clock_s();
    to_point(s, 1);
    return CNAS_OK;
}

enum cnas_status cn_session_step(struct cn_session *s, enum cn_state phase, enum cn_step step, uint32_t point)
{
    if (s->state == CN_DEAD)
        return s->error.status;
    if (s->state != phase || s->step != step || s->point != point)
        cn_misuse("a session's calls are out of order: for every point linear, then activate; then end or reveal");
    bool output = s->m->points[point].kind == CNAS_POINT_OUTPUT;
    if (step == CN_LINEAR)
        s->step = !output ? CN_ACTIVATE : phase == CN_ONLINE ? CN_REVEAL : CN_END;
    else if (step == CN_ACTIVATE)
        to_point(s, point + 1);
    else
        s->step = CN_END;
    return CNAS_OK;
}

void cn_session_finish(struct cn_session *s, struct cnas_phase_stats *phase)
{
    struct cn_chan_counters now = cn_chan_counters(s->chan);
    phase->seconds += cn_clock_s() - s->started;
    phase->sent += now.sent - s->mark.sent;
    phase->received += now.received - s->mark.received;
    phase->flips += now.flips - s->mark.flips;
    s->mark = now;
    s->state = CN_READY;
}

void cn_session_draw(struct cn_prg *g, uint64_t *values, size_t n, unsigned bits)
{
    uint64_t mask = UINT64_MAX >> (64 - bits);
    cn_prg_bytes(g, values, n * sizeof *values);
    for (size_t i = 0; i < n; i++)
        values[i] &= mask;
}
