/* One client's session. */
#include "runtime/cli/serve.h"

#include "runtime/cli/progress.h"
#include "runtime/cli/units.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

void cn_log(const char *format, ...)
{
    char line[640], when[32] = "";
    struct tm utc;
    time_t now = time(NULL);
    va_list args;
    if (gmtime_r(&now, &utc))
        strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    printf("%s %s\n", when, line); /* one call: processes that share the stream do not mix their lines */
    fflush(stdout);
}

/* What one step added to a phase. */
static void log_step(const char *peer, const char *what, uint64_t number, const struct cnas_phase_stats *before,
                     const struct cnas_phase_stats *after)
{
    cn_log("%s: %s %llu: %s, sent %s, received %s", peer, what, (unsigned long long)number,
           cn_seconds_text(after->seconds - before->seconds).c, cn_bytes_text(after->sent - before->sent).c,
           cn_bytes_text(after->received - before->received).c);
}

static enum cnas_status step(const struct cn_serve *how, struct cnas_server_session *s, enum cnas_request request, const char *peer)
{
    struct cnas_private_stats before, after;
    cnas_server_session_stats(s, &before);
    enum cnas_status status = request == CNAS_REQUEST_OFFLINE ? how->offline(s) : how->online(s);
    if (status != CNAS_OK)
        return status;
    cnas_server_session_stats(s, &after);
    if (request == CNAS_REQUEST_OFFLINE)
        log_step(peer, "offline run", after.offline_runs, &before.offline, &after.offline);
    else
        log_step(peer, "inference", after.online_runs, &before.online, &after.online);
    return CNAS_OK;
}

/* CNAS_OK with a request, or with 0 when told to stop or when nothing came for too long. */
static enum cnas_status await(const struct cn_serve *how, struct cnas_server_session *s, enum cnas_request *request, const char *peer)
{
    const double glance_s = 0.2; /* how often to look at `stop` */
    double until = cn_clock() + how->idle_s;
    *request = (enum cnas_request)0;
    while (!*how->stop) {
        enum cnas_status status = cnas_server_next(s, request, glance_s);
        if (status != CNAS_E_TIMEOUT)
            return status;
        if (cn_clock() > until) {
            cn_log("%s: no request for %.0f s: session closed", peer, how->idle_s);
            return CNAS_OK;
        }
    }
    cn_log("%s: session closed, the server stops", peer);
    return CNAS_OK;
}

int cn_serve(const struct cn_serve *how, int fd, const char *peer)
{
    struct cnas_server_session *s;
    struct cnas_error err = {.status = CNAS_OK};
    struct cnas_private_stats t;
    enum cnas_request request;
    cn_log("%s: connected", peer);
    enum cnas_status status = cnas_server_session_new(&s, how->server, fd, how->secret, &how->options, &err);
    if (status != CNAS_OK) {
        cn_log("%s: refused: %s", peer, err.text);
        return 1;
    }
    cnas_server_session_stats(s, &t);
    cn_log("%s: set-up: %s, sent %s, received %s", peer, cn_seconds_text(t.setup.seconds).c, cn_bytes_text(t.setup.sent).c,
           cn_bytes_text(t.setup.received).c);
    do {
        status = await(how, s, &request, peer);
        if (status == CNAS_OK && (request == CNAS_REQUEST_OFFLINE || request == CNAS_REQUEST_ONLINE))
            status = step(how, s, request, peer);
    } while (status == CNAS_OK && (request == CNAS_REQUEST_OFFLINE || request == CNAS_REQUEST_ONLINE));
    if (status != CNAS_OK)
        cn_log("%s: failed: %s", peer, cnas_server_session_error(s)->text);
    cnas_server_session_stats(s, &t);
    cn_log("%s: ended: %llu inferences; offline %s, sent %s, received %s; online %s, sent %s, received %s; peak memory %s", peer,
           (unsigned long long)t.online_runs, cn_seconds_text(t.offline.seconds).c, cn_bytes_text(t.offline.sent).c,
           cn_bytes_text(t.offline.received).c, cn_seconds_text(t.online.seconds).c, cn_bytes_text(t.online.sent).c,
           cn_bytes_text(t.online.received).c, cn_bytes_text(cn_peak_memory()).c);
    cnas_server_session_free(&s);
    return status != CNAS_OK;
}
