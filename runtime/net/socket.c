/* Non-blocking socket calls with poll for the waiting: a blocking call could not keep a deadline. */
#include "runtime/net/socket.h"

#include "runtime/base/clock.h"
#include "runtime/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

static enum cnas_status broken(struct cnas_error *err, int number)
{
    if (number == EPIPE || number == ECONNRESET)
        return cn_error(err, CNAS_E_CLOSED, "the peer hung up (%s)", strerror(number));
    return cn_error(err, CNAS_E_CLOSED, "the connection failed: %s", strerror(number));
}

enum cnas_status cn_socket_prepare(int fd, struct cnas_error *err)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return broken(err, errno);
    /* Fails on sockets that are not TCP, which have no such delay. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return CNAS_OK;
}

static enum cnas_status await(int fd, short events, double until, struct cnas_error *err)
{
    for (;;) {
        double left = until - cn_clock_s();
        if (left <= 0)
            return cn_error(err, CNAS_E_TIMEOUT, "the peer did not answer within the deadline");
        /* Rounded up, so that the last wait is not a busy one; a day at a time, for poll takes an int. */
        struct pollfd p = {.fd = fd, .events = events};
        int ready = poll(&p, 1, (int)fmin(ceil(left * 1e3), 86400e3));
        if (ready > 0)
            return CNAS_OK; /* errors too: the next send or recv names them */
        if (ready < 0 && errno != EINTR)
            return broken(err, errno);
    }
}

enum cnas_status cn_socket_send(int fd, const void *bytes, size_t n, double until, struct cnas_error *err)
{
    const unsigned char *from = bytes;
    while (n) {
        ssize_t sent = send(fd, from, n, MSG_NOSIGNAL);
        if (sent >= 0) {
            from += sent;
            n -= (size_t)sent;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            enum cnas_status status = await(fd, POLLOUT, until, err);
            if (status != CNAS_OK)
                return status;
        } else if (errno != EINTR) {
            return broken(err, errno);
        }
    }
    return CNAS_OK;
}

enum cnas_status cn_socket_receive(int fd, void *bytes, size_t n, size_t *got, double until, struct cnas_error *err)
{
    for (;;) {
        ssize_t r = recv(fd, bytes, n, 0);
        if (r > 0) {
            *got = (size_t)r;
            return CNAS_OK;
        }
        if (r == 0)
            return cn_error(err, CNAS_E_CLOSED, "the peer hung up");
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            enum cnas_status status = await(fd, POLLIN, until, err);
            if (status != CNAS_OK)
                return status;
        } else if (errno != EINTR) {
            return broken(err, errno);
        }
    }
}

enum cnas_status cn_socket_receive_all(int fd, void *bytes, size_t n, double until, struct cnas_error *err)
{
    unsigned char *to = bytes;
    for (size_t done = 0, got = 0; done < n; done += got) {
        enum cnas_status status = cn_socket_receive(fd, to + done, n - done, &got, until, err);
        if (status != CNAS_OK)
            return status;
    }
    return CNAS_OK;
}
