"""A program started in a session of its own, so that it outlives who started it."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from opsbook.book.fields import revealed
from opsbook.core.errors import BadInputError
from opsbook.core.procfs import ProcessIdentity, identify
from opsbook.core.secrets import Secret, inherited_environment
from opsbook.services.controller import ControllerError


def spawn(
    words: Sequence[str],
    directory: Path,
    environment: Mapping[str, str | Secret],
    output: int,
    *,
    inherit: bool = True,
) -> ProcessIdentity:
    """Start a program whose output goes to the descriptor `output`; `process_end` reaps it.

    Blocks until the program is executed. Raises ControllerError.
    """
    surroundings = inherited_environment() if inherit else {}
    try:
        surroundings |= {name: revealed(value) for name, value in environment.items()}
        child = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=directory,
            env=surroundings,
            start_new_session=True,
        )
    except OSError as error:
        culprit = error.filename or words[0]
        message = f"cannot start {words[0]}: {culprit}: {error.strerror}"
        raise ControllerError(message) from None
    except (BadInputError, ValueError) as error:
        raise ControllerError(f"cannot start {words[0]}: {error}") from None
    # The pidfd reaps it; without this, subprocess would warn of a forgotten child.
    child.returncode = 0
    process = identify(child.pid)
    if process is None:
        raise ControllerError(f"{words[0]} ended before it could be looked at")
    return process
