"""`count-inference-workers`: with how many workers inference-pool works, as it says itself."""

import asyncio
import json
import sys
from pathlib import Path

from opsbook.platforms.helixflow.http_client import NoAnswerError, ask
from opsbook.platforms.helixflow.ports import Ports


def main(home: Path) -> None:
    """Print the number; ends with 1 if the pool does not say it."""
    port = Ports.read(home / "config/ports.json").inference
    try:
        _, body = asyncio.run(ask(port, "/health"))
        workers = int(json.loads(body)["workers"])
    except (NoAnswerError, ValueError, KeyError, TypeError) as error:
        sys.stderr.write(f"inference-pool does not say how many workers it has: {error}\n")
        sys.exit(1)
    sys.stdout.write(f"{workers}\n")
