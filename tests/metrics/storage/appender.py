"""A process that appends until it is killed, and says what the store has taken.

argv: directory, first time, step at which it kills itself (`written:3`) or `-`.
"""

import os
import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np

from opsbook.core.clock import ManualClock
from opsbook.core.labels import labels_of
from opsbook.metrics.storage.engine import Engine
from opsbook.metrics.storage.limits import Limits

LIMITS = Limits(block=60_000, merged=(240_000, 960_000), out_of_order=20_000, sync_seconds=0.01)
SERIES = 20
STEP = 5_000


def value(at: int, column: int) -> float:
    """What the series of this column has at this time: nothing else was ever written."""
    return float(at // STEP * (column + 1)) if column % 4 else at / 7 + column


def keep_house(engine: Engine) -> None:
    while True:
        engine.keep_house()


def main() -> None:
    home, at, fault = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    seen: Counter[str] = Counter()

    def hook(step: str) -> None:
        seen[step] += 1
        if f"{step}:{seen[step]}" == fault:
            os.kill(os.getpid(), signal.SIGKILL)

    clock = ManualClock(at / 1000)
    engine = Engine(home, LIMITS, clock, hook)
    engine.start()
    if fault == "-":
        threading.Thread(target=keep_house, args=(engine,), daemon=True).start()
    layout = engine.layout(
        "g", [labels_of({"__name__": "m", "n": str(column)}) for column in range(SERIES)]
    )
    for step in range(100_000):
        clock.advance(STEP / 1000)
        values = np.array([value(at, column) for column in range(SERIES)])
        assert engine.append_row(layout, at, values).taken == SERIES
        os.write(1, b"%d\n" % at)
        at += STEP
        if fault == "-":
            time.sleep(0.0005)
        elif step % 50 == 49:
            engine.keep_house()


if __name__ == "__main__":
    main()
