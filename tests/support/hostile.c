/* A peer that does not know the protocol. usage: hostile HOST PORT BYTES SECONDS [SEED]
 * Connects, sends BYTES pseudo-random bytes, stays silent for SECONDS, hangs up. Exits 0 when the connection was made. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc < 5) {
        fprintf(stderr, "usage: hostile HOST PORT BYTES SECONDS [SEED]\n");
        return 2;
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (inet_pton(AF_INET, argv[1], &address.sin_addr) != 1 || fd < 0 ||
        connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        perror("hostile");
        return 1;
    }
    uint64_t state = argc > 5 ? strtoull(argv[5], NULL, 10) : 1;
    for (long left = atol(argv[3]); left > 0; left--) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407); /* Knuth, MMIX */
        unsigned char byte = (unsigned char)(state >> 56);
        if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1)
            break; /* the server hung up first: its right */
    }
    sleep((unsigned)atoi(argv[4]));
    close(fd);
    return 0;
}
