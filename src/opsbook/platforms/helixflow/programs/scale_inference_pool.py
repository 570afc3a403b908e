"""`scale-inference-pool N`: have inference-pool work with N workers, as it runs."""

import sys
from pathlib import Path

from opsbook.platforms.helixflow.files import replace
from opsbook.platforms.helixflow.programs.inference_pool import MOST_WORKERS


def main(home: Path) -> None:
    """Write config/MAX_WORKERS, which the pool follows; ends with 2 for what is no number."""
    wanted = sys.argv[1] if len(sys.argv) == 2 else ""
    if not (wanted.isascii() and wanted.isdecimal() and 1 <= int(wanted[:9]) <= MOST_WORKERS):
        sys.stderr.write(f"give a number of workers from 1 to {MOST_WORKERS} (got {wanted!r})\n")
        sys.exit(2)
    replace(home / "config/MAX_WORKERS", f"{int(wanted)}\n")
