"""`answer PORT DELAY_MS` for a machine without a C compiler: what `answer.c` says, slower."""

import contextlib
import os
import select
import socket
import sys
import time


def main(port: int, delay_ms: float) -> None:
    time.sleep(delay_ms / 1e3)
    server = socket.create_server(("127.0.0.1", port), backlog=4096)
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 1)
    server.setblocking(False)
    answered = 0
    while True:
        select.select([server], [], [])
        with contextlib.suppress(OSError):
            while True:
                client, _ = server.accept()
                answered += 1
                _serve(client, answered)


def _serve(client: socket.socket, answered: int) -> None:
    with client, contextlib.suppress(OSError):
        client.settimeout(1)
        client.recv(4096)
        body = b"%d %d\n" % (os.getpid(), answered)
        client.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
            b"Content-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body)
        )


main(int(sys.argv[1]), float(sys.argv[2]))
