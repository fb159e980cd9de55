/* TCP for the programs. */
#include "runtime/cli/tcp.h"

#include "runtime/cli/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

__attribute__((format(printf, 3, 4))) static int failed(struct cnas_error *err, enum cnas_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    err->status = status;
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return -1;
}

static struct addrinfo *resolve(const char *address, int listening, struct cnas_error *err)
{
    char host[256], port[6];
    const char *colon = strrchr(address, ':'), *start = address;
    size_t length = colon ? (size_t)(colon - address) : 0;
    if (length >= 2 && start[0] == '[' && start[length - 1] == ']') {
        start++;
        length -= 2;
    } else if (colon && memchr(start, ':', length)) {
        colon = NULL; /* an IPv6 address without brackets: which colon? */
    }
    size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
    if (!colon || length >= sizeof host || digits == 0 || digits >= sizeof port || colon[1 + digits] || atoi(colon + 1) > 65535 ||
        (!listening && (length == 0 || atoi(colon + 1) == 0))) {
        failed(err, CNAS_E_CONNECT, "`%.200s' is not an address: expected HOST:PORT, as in 127.0.0.1:7766 or [::1]:7766", address);
        return NULL;
    }
    memcpy(host, start, length);
    host[length] = '\0';
    memcpy(port, colon + 1, digits + 1);
    struct addrinfo *list, hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    if (listening)
        hints.ai_flags |= AI_PASSIVE;
    int e = getaddrinfo(length ? host : NULL, port, &hints, &list);
    if (e) {
        failed(err, CNAS_E_CONNECT, "the address `%.200s' cannot be resolved: %s", address, gai_strerror(e));
        return NULL;
    }
    return list;
}

static void name(char out[CN_TCP_NAME], const struct sockaddr *a, socklen_t size)
{
    char host[64], port[8];
    if (getnameinfo(a, size, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        snprintf(out, CN_TCP_NAME, "unknown");
    else
        snprintf(out, CN_TCP_NAME, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

int cn_tcp_listen(const char *address, char bound[CN_TCP_NAME], struct cnas_error *err)
{
    struct addrinfo *list = resolve(address, 1, err);
    int fd = -1, problem = 0;
    if (!list)
        return -1;
    for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
        /* a server that restarts must not wait for its old connections to be forgotten */
        if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) != 0 ||
                        bind(fd, a->ai_addr, a->ai_addrlen) != 0 || listen(fd, 64) != 0)) {
            problem = errno;
            close(fd);
            fd = -1;
        } else if (fd < 0) {
            problem = errno;
        }
    }
    freeaddrinfo(list);
    if (fd < 0)
        return failed(err, CNAS_E_CONNECT, "cannot listen on %.200s: %s", address, strerror(problem));
    struct sockaddr_storage a;
    socklen_t size = sizeof a;
    if (getsockname(fd, (struct sockaddr *)&a, &size) == 0)
        name(bound, (struct sockaddr *)&a, size);
    else
        snprintf(bound, CN_TCP_NAME, "%.70s", address);
    return fd;
}

int cn_tcp_accept(int listener, char peer[CN_TCP_NAME])
{
    struct sockaddr_storage a;
    socklen_t size = sizeof a;
    int fd = accept(listener, (struct sockaddr *)&a, &size);
    if (fd >= 0) {
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
        name(peer, (struct sockaddr *)&a, size);
    }
    return fd;
}

/* One address, one try: 0 or errno. */
static int try_connect(int fd, const struct addrinfo *a, double seconds)
{
    int problem = 0;
    socklen_t size = sizeof problem;
    if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
        return 0;
    if (errno != EINPROGRESS && errno != EINTR)
        return errno;
    double until = cn_clock() + seconds;
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    for (;;) {
        double left = until - cn_clock();
        int ready = poll(&p, 1, left > 0 ? (int)(left * 1e3) + 1 : 0);
        if (ready > 0)
            return getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size) == 0 ? problem : errno;
        if (ready == 0)
            return ETIMEDOUT;
        if (errno != EINTR)
            return errno;
    }
}

int cn_tcp_connect(const char *address, double wait_s, struct cnas_error *err)
{
    const double one_try_s = 10;
    double until = cn_clock() + wait_s;
    struct addrinfo *list = resolve(address, 0, err);
    int fd = -1, problem = 0;
    if (!list)
        return -1;
    for (;;) {
        for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
            fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
            problem = fd < 0 ? errno : try_connect(fd, a, one_try_s);
            if (problem && fd >= 0) {
                close(fd);
                fd = -1;
            }
        }
        if (fd >= 0 || problem != ECONNREFUSED || cn_clock() >= until)
            break;
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    freeaddrinfo(list);
    return fd >= 0 ? fd : failed(err, CNAS_E_CONNECT, "cannot connect to %.200s: %s", address, strerror(problem));
}
