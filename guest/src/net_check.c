/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Sends data to a server that sends back whatever it gets, both at the same time, and compares:
 * net_check ADDRESS PORT MIB
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "report.h"
#include "sha256.h"

enum { MIB = 1 << 20, LIMIT_S = 20 };

struct sending {
    int socket;
    const unsigned char *bytes;
    size_t count;
};

static void *send_all(void *argument)
{
    struct sending *sending = argument;

    for (size_t sent = 0; sent < sending->count;) {
        ssize_t done =
            send(sending->socket, sending->bytes + sent, sending->count - sent, MSG_NOSIGNAL);
        if (done <= 0) {
            break;
        }
        sent += (size_t)done;
    }
    return NULL;
}

static int connect_to(const char *address, const char *port)
{
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    struct timeval limit = {.tv_sec = LIMIT_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || inet_pton(AF_INET, address, &server.sin_addr) != 1) {
        give_up("net-echo", "no address %s", address);
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    if (connect(fd, (const struct sockaddr *)&server, sizeof(server)) != 0) {
        give_up("net-echo", "cannot connect to %s port %s: %s", address, port, strerror(errno));
    }
    return fd;
}

static size_t receive_all(int fd, unsigned char *bytes, size_t count)
{
    size_t received = 0;

    while (received < count) {
        ssize_t done = recv(fd, bytes + received, count - received, 0);
        if (done <= 0) {
            break;
        }
        received += (size_t)done;
    }
    return received;
}

int main(int argc, char **argv)
{
    char sum_out[SHA256_TEXT_BYTES];
    char sum_in[SHA256_TEXT_BYTES];
    pthread_t sender;

    if (argc != 4) {
        give_up("net-echo", "usage: net_check ADDRESS PORT MIB");
    }
    size_t count = (size_t)atoi(argv[3]) * MIB;
    unsigned char *out = malloc(count);
    unsigned char *in = calloc(1, count);
    if (out == NULL || in == NULL) {
        give_up("net-echo", "no memory");
    }
    for (size_t filled = 0; filled < count; filled += 256) {
        if (getrandom(out + filled, 256, 0) != 256) {
            give_up("net-echo", "no random numbers");
        }
    }
    struct sending sending = {.socket = connect_to(argv[1], argv[2]), .bytes = out, .count = count};
    if (pthread_create(&sender, NULL, send_all, &sending) != 0) {
        give_up("net-echo", "cannot start a thread");
    }
    size_t received = receive_all(sending.socket, in, count);
    shutdown(sending.socket, SHUT_RDWR);
    pthread_join(sender, NULL);
    close(sending.socket);
    sha256_text(out, count, sum_out);
    sha256_text(in, received, sum_in);
    report(received == count && strcmp(sum_out, sum_in) == 0, "net-echo",
           "%zu MiB sent and %zu bytes came back, sha256 %.12s.. and %.12s..", count / MIB,
           received, sum_out, sum_in);
    return report_status();
}
