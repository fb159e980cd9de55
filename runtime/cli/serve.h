/* One client's session on the server, from the connection to the goodbye, with a line of log for every event. */
#ifndef RUNTIME_CLI_SERVE_H
#define RUNTIME_CLI_SERVE_H

#include <cnas/private.h>
#include <signal.h>

struct cn_serve {
    const struct cnas_server *server;
    unsigned char secret[CNAS_KEY_BYTES];
    struct cnas_private_options options;
    double idle_s;                        /* longest wait for a request */
    const volatile sig_atomic_t *stop;    /* set: no further request is served */
    enum cnas_status (*offline)(struct cnas_server_session *s);
    enum cnas_status (*online)(struct cnas_server_session *s);
};

/* A line on stdout: the time, then the text. */
void cn_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Takes fd over. 0: the client said goodbye, or we were told to stop; 1: anything else, which was logged. */
int cn_serve(const struct cn_serve *how, int fd, const char *peer);

#endif
