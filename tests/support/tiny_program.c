/* The server and client programs of a hand-made network, as the compiler would print them, and a bad client; for tests/e2e.
 *   prepare           writes tiny.fixed.safetensors and the images a.pgm, b.pgm here
 *   server ... | client ...
 *   bad PORT silence|hangup|garbage|http|greeting
 * With TINY_OTHER in the environment it is another build of the network: both refuse each other. */
#include "tests/support/tiny.h"

#include <arpa/inet.h>
#include <cnas/cli.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct tiny net;

static enum cnas_status server_offline(struct cnas_server_session *s)
{
    return tiny_server_offline(s, &net.m);
}
static enum cnas_status server_online(struct cnas_server_session *s)
{
    return tiny_server_online(s, &net.m);
}
static enum cnas_status client_offline(struct cnas_client *c)
{
    return tiny_client_offline(c, &net.m);
}
static enum cnas_status client_online(struct cnas_client *c, const float *image, int64_t *logits)
{
    return tiny_client_online(c, &net.m, image, logits);
}

static int prepare(void)
{
    struct cnas_error e;
    if (cnas_fixed_save(net.q, &net.m, "tiny.fixed.safetensors", &e) != CNAS_OK) {
        fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    for (int i = 0; i < 2; i++) {
        FILE *f = fopen(i ? "b.pgm" : "a.pgm", "w");
        if (!f)
            return 1;
        fprintf(f, "P5\n5 5\n255\n");
        for (int k = 0; k < 25; k++)
            fputc((k * 37 + i * 101) % 256, f);
        if (fclose(f) != 0)
            return 1;
    }
    return 0;
}

static int bad(const char *port, const char *how)
{
    unsigned char noise[4096];
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) != 0)
        return 1;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (unsigned char)(i * i >> 3);
    size_t n = 0;
    if (!strcmp(how, "garbage")) {
        n = sizeof noise;
    } else if (!strcmp(how, "http")) {
        n = (size_t)snprintf((char *)noise, sizeof noise, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    } else if (!strcmp(how, "greeting")) {
        memcpy(noise, "cnasnet\1", 8);
        n = sizeof noise;
    }
    if (n && send(fd, noise, n, MSG_NOSIGNAL) < 0)
        return 1;
    if (strcmp(how, "hangup") != 0) { /* until the server hangs up */
        while (recv(fd, noise, sizeof noise, 0) > 0)
            ;
    }
    close(fd);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    tiny_init(&net, TINY_PLAIN, 32, 8, 1);
    if (getenv("TINY_OTHER"))
        net.m.digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    int status = 2;
    if (!strcmp(argv[1], "prepare"))
        status = prepare();
    else if (!strcmp(argv[1], "server"))
        status = cnas_server_main(argc - 1, argv + 1, &net.m, server_offline, server_online);
    else if (!strcmp(argv[1], "client"))
        status = cnas_client_main(argc - 1, argv + 1, &net.m, client_offline, client_online);
    else if (!strcmp(argv[1], "bad") && argc == 4)
        status = bad(argv[2], argv[3]);
    tiny_clear(&net);
    return status;
}
