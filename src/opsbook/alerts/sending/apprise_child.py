"""The program in which apprise runs: it blocks, and a process can be ended at any time.

In: a JSON object on standard input. Out: a JSON object with `sent`, which is null where the URL is
none that apprise knows, and `log`, what apprise had to say.
"""

import json
import logging
import sys

import apprise

_MOST_LINES = 50


class _Log(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if len(self.lines) < _MOST_LINES:
            self.lines.append(record.getMessage()[:500])


def main() -> None:
    asked = json.load(sys.stdin)
    log = _Log()
    logger = logging.getLogger("apprise")
    logger.addHandler(log)
    logger.setLevel(logging.DEBUG)
    asset = apprise.AppriseAsset(
        app_id="Opsbook", app_desc="Opsbook", storage_mode=apprise.PersistentStoreMode.MEMORY
    )
    service = apprise.Apprise(asset=asset)
    sent = None
    if service.add(asked["url"]):
        sent = bool(
            service.notify(
                body=asked["body"],
                title=asked["title"],
                notify_type=asked["type"],
                body_format=asked["format"],
            )
        )
    json.dump({"sent": sent, "log": log.lines}, sys.stdout)


if __name__ == "__main__":
    main()
