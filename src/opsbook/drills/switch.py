"""The dead man's switch: ends a fault when its time is over and nobody else has done so.

    python -P -m opsbook.drills.switch DIRECTORY UNTIL

UNTIL is in seconds since 1970. It waits without Opsbook's packages, for it may wait long.
"""

import os
import sys
import time
from pathlib import Path

_LOOK_EVERY = 0.5
_ORDER = "order.json"


def main() -> None:
    directory, until = sys.argv[1:]
    while (Path(directory) / _ORDER).exists():
        left = float(until) - time.time()
        if left <= 0:
            words = [sys.executable, "-P", "-m", "opsbook.drills.undo", directory]
            os.execv(words[0], words)  # noqa: S606 - an argument list, and no shell
        time.sleep(min(left, _LOOK_EVERY))


if __name__ == "__main__":
    main()
