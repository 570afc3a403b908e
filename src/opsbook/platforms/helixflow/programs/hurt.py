"""`hurt SERVICE HOW`: break a service on purpose; for drills."""

import sys
from pathlib import Path

from opsbook.core.errors import BadInputError
from opsbook.platforms.helixflow import faults


def main(home: Path) -> None:
    """Ends with 2 for what is no service or no fault."""
    if len(sys.argv) != 3:
        sys.exit("give a service and a fault, such as: hurt auth-service slow:500ms")
    try:
        faults.hurt(home, sys.argv[1], sys.argv[2])
    except BadInputError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
