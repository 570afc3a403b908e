"""`python -m bench.metrics.exporter PORT SERIES`: counters that grow, as those of a program.

Any path is answered with the metrics; `/asked` says how often that was.
"""

import itertools
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

_BODIES = 200
"""Made beforehand, so that little is left to do while others are measured."""


def _bodies(series: int) -> list[bytes]:
    random = np.random.default_rng(1)
    totals = np.cumsum(random.poisson(20, (_BODIES, series)), axis=0).tolist()
    names = [f'x_total{{path="/api/v1/resource/{number}",code="200"}} ' for number in range(series)]
    head = "# HELP x_total Requests.\n# TYPE x_total counter\n"
    return [
        (
            head + "".join(f"{name}{value}\n" for name, value in zip(names, row, strict=True))
        ).encode()
        for row in totals
    ]


def main(port: int, series: int) -> None:
    bodies = _bodies(series)
    asked = itertools.count()
    last = [0]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path.startswith("/asked"):
                body = str(last[0]).encode()
            else:
                last[0] = next(asked) + 1
                body = bodies[min(last[0] // 10, _BODIES - 1)]
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: it would take longer than the answer."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
