/* NAME-server: holds the weights and serves private inferences. Every client gets a process of its own, so that whatever happens
 * in one session, a crash included, touches no other session and not the server. */
#include <cnas/cli.h>

#include "runtime/cli/args.h"
#include "runtime/cli/common.h"
#include "runtime/cli/serve.h"
#include "runtime/cli/tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CLIENTS = 1024 };

static volatile sig_atomic_t stop, children_changed;

static void on_stop(int signal_number)
{
    (void)signal_number;
    stop = 1;
}
static void on_child(int signal_number)
{
    (void)signal_number;
    children_changed = 1;
}

/* The signals are let in only while waiting, so that none is missed between looking at `stop` and waiting. */
static void catch_signals(sigset_t *outside)
{
    struct sigaction s = {.sa_handler = on_stop};
    sigset_t blocked;
    sigemptyset(&s.sa_mask);
    sigaction(SIGTERM, &s, NULL);
    sigaction(SIGINT, &s, NULL);
    s.sa_handler = on_child;
    sigaction(SIGCHLD, &s, NULL);
    s.sa_handler = SIG_IGN; /* the reader of our log may go away; the server stays */
    sigaction(SIGPIPE, &s, NULL);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGCHLD);
    sigprocmask(SIG_BLOCK, &blocked, outside);
}

/* The key pair: made on first use. */
static int load_key(unsigned char secret[CNAS_KEY_BYTES], const char *path)
{
    unsigned char key[CNAS_KEY_BYTES];
    char public_path[4096], hex[2 * CNAS_KEY_BYTES + 1];
    struct cnas_error err;
    if (snprintf(public_path, sizeof public_path, "%s.pub", path) >= (int)sizeof public_path)
        return cn_fail(1, "the key file's name is too long");
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        if (cnas_key_make(path, public_path, &err) != CNAS_OK)
            return cn_fail(1, "%s", err.text);
        cn_log("new key pair: %s (keep it secret), %s (give it to the clients)", path, public_path);
    }
    if (cnas_key_load_secret(secret, key, path, &err) != CNAS_OK)
        return cn_fail(1, "%s", err.text);
    for (int i = 0; i < CNAS_KEY_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", key[i]);
    cn_log("public key %s", hex);
    return 0;
}

/* A script that waits for the file never sees half of it. */
static int write_port(const char *path, const char *bound)
{
    char temporary[4096];
    if (snprintf(temporary, sizeof temporary, "%s.new", path) >= (int)sizeof temporary)
        return cn_fail(1, "the port file's name is too long");
    FILE *f = fopen(temporary, "w");
    int bad = !f || fprintf(f, "%s\n", strrchr(bound, ':') + 1) < 0;
    bad = (f && fclose(f) != 0) || bad;
    if (bad || rename(temporary, path) != 0)
        return cn_fail(1, "cannot write the port file %s: %s", path, strerror(errno));
    return 0;
}

/* Forgets the children that have ended; those that crashed are worth a line. */
static void reap(pid_t *children, size_t *n)
{
    int how;
    pid_t pid;
    children_changed = 0;
    while ((pid = waitpid(-1, &how, WNOHANG)) > 0) {
        for (size_t i = 0; i < *n; i++)
            if (children[i] == pid) {
                children[i] = children[--*n];
                break;
            }
        if (WIFSIGNALED(how))
            cn_log("process %ld of a session died of signal %d", (long)pid, WTERMSIG(how));
    }
}

/* In the child: serves and ends. */
_Noreturn static void child(const struct cn_serve *how, int listener, int fd, const char *peer, const sigset_t *outside)
{
    close(listener);
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_SETMASK, outside, NULL);
    int status = cn_serve(how, fd, peer);
    fflush(NULL);
    _exit(status);
}

static void wait_signal(int listener, const sigset_t *outside)
{
    fd_set readable;
    FD_ZERO(&readable);
    if (listener >= 0)
        FD_SET(listener, &readable);
    (void)pselect(listener + 1, listener >= 0 ? &readable : NULL, NULL, NULL, NULL, outside);
}

static int serve_all(const struct cn_serve *how, int listener, size_t max_clients, const sigset_t *outside)
{
    pid_t children[MAX_CLIENTS];
    size_t n = 0;
    char peer[CN_TCP_NAME];
    while (!stop) {
        reap(children, &n);
        wait_signal(n < max_clients ? listener : -1, outside); /* the others wait in the listener's queue */
        if (stop || children_changed || n >= max_clients)
            continue;
        int fd = cn_tcp_accept(listener, peer);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                cn_log("cannot accept a connection: %s; waiting", strerror(errno));
                nanosleep(&(struct timespec){.tv_nsec = 200 * 1000 * 1000}, NULL); /* the listener stays readable meanwhile */
            }
            continue;
        }
        fflush(NULL);
        pid_t pid = fork();
        if (pid == 0)
            child(how, listener, fd, peer, outside);
        if (pid < 0)
            cn_log("%s: turned away: no new process: %s", peer, strerror(errno));
        else
            children[n++] = pid;
        close(fd);
    }
    if (n)
        cn_log("stopping: %zu session%s to finish; a second signal ends at once", n, n == 1 ? "" : "s");
    for (size_t i = 0; i < n; i++)
        kill(children[i], SIGTERM);
    for (stop = 0; n; reap(children, &n)) {
        if (!children_changed && !stop)
            wait_signal(-1, outside);
        for (size_t i = 0; stop && i < n; i++)
            kill(children[i], SIGKILL);
    }
    return 0;
}

/* One client in this very process. */
static int serve_once(const struct cn_serve *how, int listener, const sigset_t *outside)
{
    char peer[CN_TCP_NAME];
    int fd = -1;
    while (!stop && fd < 0) {
        wait_signal(listener, outside);
        if (!stop)
            fd = cn_tcp_accept(listener, peer);
    }
    if (fd < 0)
        return 0;
    sigprocmask(SIG_SETMASK, outside, NULL);
    return cn_serve(how, fd, peer);
}

static int run(const struct cnas_model *m, struct cn_serve *how, const char *fixed_path, const char *key_path, const char *address,
               const char *port_file, size_t max_clients, int once)
{
    struct cnas_error err;
    struct cnas_fixed *q = NULL;
    struct cnas_server *server = NULL;
    sigset_t outside;
    char bound[CN_TCP_NAME];
    int listener = -1, status = 1;
    if (cnas_fixed_load(&q, m, fixed_path, &err) != CNAS_OK || cnas_server_new(&server, m, q, &err) != CNAS_OK) {
        cn_fail(1, "%s", err.text);
        goto out;
    }
    how->server = server;
    if (load_key(how->secret, key_path) != 0)
        goto out;
    catch_signals(&outside);
    listener = cn_tcp_listen(address, bound, &err);
    if (listener < 0) {
        cn_fail(1, "%s", err.text);
        goto out;
    }
    cn_log("%s %.16s: ready on %s, %u-bit ring", m->name, m->digest, bound, (unsigned)cnas_fixed_plan(q)->ring_bits);
    if (port_file && write_port(port_file, bound) != 0)
        goto out;
    status = once ? serve_once(how, listener, &outside) : serve_all(how, listener, max_clients, &outside);
    cn_log("stopped");
out:
    if (listener >= 0)
        close(listener);
    explicit_bzero(how->secret, sizeof how->secret);
    cnas_server_free(&server);
    cnas_fixed_free(&q);
    return status;
}

int cnas_server_main(int argc, char **argv, const struct cnas_model *m,
                     enum cnas_status (*offline)(struct cnas_server_session *s),
                     enum cnas_status (*online)(struct cnas_server_session *s))
{
    char fixed_default[CN_PATH];
    const char *address = "127.0.0.1:7766", *fixed = cn_default_path(fixed_default, m, ".fixed.safetensors"), *key = "server.key", *port_file = NULL;
    uint64_t max_clients = 8, max_queries = 0, queue = 4;
    double deadline = 30, idle = 300;
    int once = 0;
    const struct cn_arg options[] = {
        {"listen", CN_ARG_STRING, &address, "ADDR:PORT", "where to wait for clients (127.0.0.1:7766); port 0: any free one", 0, 0},
        {"port-file", CN_ARG_STRING, &port_file, "FILE", "write the port there once clients can connect", 0, 0},
        {"fixed", CN_ARG_STRING, &fixed, "FILE", "the quantised weights (NAME.fixed.safetensors)", 0, 0},
        {"key", CN_ARG_STRING, &key, "FILE",
         "the server's secret key (server.key); made on first use,\nwith the public key for the clients in FILE.pub", 0, 0},
        {"max-clients", CN_ARG_UINT, &max_clients, "N", "sessions at a time (8); further clients wait", 1, MAX_CLIENTS},
        {"max-queries", CN_ARG_UINT, &max_queries, "N",
         "inferences in one session (0: no limit); fewer queries\nmake it harder to copy the model by asking", 0, 1e15},
        {"queue", CN_ARG_UINT, &queue, "N", "offline runs that a client may make ahead (4); each costs memory", 1, 1000},
        {"deadline", CN_ARG_REAL, &deadline, "S", "longest silence of a client inside a run, seconds (30)", 0.1, 86400},
        {"idle", CN_ARG_REAL, &idle, "S", "longest wait for a client's next request, seconds (300)", 0.1, 86400},
        {"once", CN_ARG_FLAG, &once, NULL, "serve one client, then exit: 0 if its session ended well", 0, 0},
    };
    const char *operand;
    size_t operands;
    int status = cn_args_parse(argc, argv, options, sizeof options / sizeof *options, &operand, 0, &operands, "[OPTION]...",
                               "Serves private inferences with the quantised weights. Clients see neither the weights nor anything\n"
                               "else but their own results; the server sees neither images nor results.");
    if (status >= 0)
        return status;
    struct cn_serve how = {.options = {.deadline_s = deadline, .max_queue = (uint32_t)queue, .max_queries = max_queries},
                           .idle_s = idle, .stop = &stop, .offline = offline, .online = online};
    return run(m, &how, fixed, key, address, port_file, max_clients, once);
}
