"""The token of whoever may read the data directory, good for as long as one process runs there."""

import hmac
import os
import pwd
from pathlib import Path

from opsbook.core.errors import BadInputError
from opsbook.core.secrets import Secret
from opsbook.state.people import Person, Role
from opsbook.state.token_text import hash_of, new_token

TOKEN_VARIABLE = Secret("env:OPSBOOK_TOKEN")
"""Where a command finds the token of somebody. As a secret, it is handed on to no service."""


class LocalToken:
    """A private file, other than that of the process before; whoever may read it is admin here:
    they could change the database itself."""

    def __init__(self, directory: Path) -> None:
        """Writes the file. Raises BadInputError if that cannot be done."""
        self._file = token_file(directory)
        text = new_token()
        self._hash = hash_of(text)
        try:
            _write(self._file, text)
        except OSError as error:
            raise BadInputError(
                f"{self._file} cannot be written: {error.strerror}; it has to be in a directory "
                "of your own"
            ) from None
        self.bearer = Person(name_of_user(self._file.stat().st_uid), Role.ADMIN)

    def check(self, text: str) -> Person | None:
        """Who bears it, or None if it is another."""
        return self.bearer if hmac.compare_digest(hash_of(text), self._hash) else None

    def close(self) -> None:
        """Remove the file."""
        self._file.unlink(missing_ok=True)


def token_file(directory: Path) -> Path:
    return directory / "token"


def name_of_user(number: int) -> str:
    """What the operating system calls a user; in a container it may know none of this number."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"uid-{number}"


def _write(file: Path, text: str) -> None:
    """All or nothing, and at no moment readable for others."""
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(f"{text}\n")
    fresh.replace(file)
