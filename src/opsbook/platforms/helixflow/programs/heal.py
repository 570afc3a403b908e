"""`heal SERVICE`: end what hurts a service; for drills. A second time it does nothing."""

import sys
from pathlib import Path

from opsbook.core.errors import BadInputError
from opsbook.platforms.helixflow import faults


def main(home: Path) -> None:
    """Ends with 2 for what is no service."""
    if len(sys.argv) != 2:
        sys.exit("give a service, such as: heal auth-service")
    try:
        faults.heal(home, sys.argv[1])
    except BadInputError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
