/* `answer PORT DELAY_MS`: waits, then listens on a loopback port and answers every request
 * with its process number and how many requests it has answered, this one included.
 *
 * It is the service that gets killed, for who answers tells the new one from the old; and
 * the target of checks, for its count is the same measure for everybody who checks it. */

#define _GNU_SOURCE /* accept4(2) */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static unsigned long answered;

static int listening(int port) {
    int on = 1, seconds = 1, server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    /* Woken when the request is there already: it saves a registration for each. */
    setsockopt(server, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds);
    if (bind(server, (struct sockaddr *)&address, sizeof address) || listen(server, 4096)) {
        perror("answer");
        exit(1);
    }
    return server;
}

/* Returns 0 when the request has not come yet. A request comes in one piece on loopback. */
static int serve(int client) {
    char request[4096], body[64], answer[256];
    ssize_t received = recv(client, request, sizeof request, 0);
    if (received < 0 && errno == EAGAIN)
        return 0;
    if (received > 0) {
        int length = snprintf(body, sizeof body, "%d %lu\n", getpid(), ++answered);
        length = snprintf(answer, sizeof answer,
                          "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                          "Content-Length: %d\r\nConnection: close\r\n\r\n%s",
                          length, body);
        send(client, answer, length, MSG_NOSIGNAL);
    }
    close(client);
    return 1;
}

int main(int count, char **words) {
    if (count != 3) {
        fprintf(stderr, "usage: answer PORT DELAY_MS\n");
        return 2;
    }
    long delay = atol(words[2]);
    struct timespec pause = {delay / 1000, delay % 1000 * 1000000};
    nanosleep(&pause, NULL);
    int server = listening(atoi(words[1])), poll = epoll_create1(0);
    struct epoll_event ready[256], event = {.events = EPOLLIN, .data.fd = server};
    epoll_ctl(poll, EPOLL_CTL_ADD, server, &event);
    for (;;) {
        int found = epoll_wait(poll, ready, 256, -1);
        for (int i = 0; i < found; i++) {
            int client = ready[i].data.fd;
            if (client != server) {
                serve(client);
                continue;
            }
            while ((client = accept4(server, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                event.data.fd = client;
                if (!serve(client))
                    epoll_ctl(poll, EPOLL_CTL_ADD, client, &event);
            }
        }
    }
}
