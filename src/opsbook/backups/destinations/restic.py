"""`restic`: a repository of restic that exists already."""

import contextlib
import io
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, BinaryIO, cast

from pydantic import Field, PrivateAttr, field_validator

from opsbook.backups.destination import Destination, DestinationError, Stored, Upload
from opsbook.backups.names import checked
from opsbook.backups.restic import Restic as Program
from opsbook.backups.restic import Running
from opsbook.book.fields import Duration, Secret, TextOrSecret
from opsbook.core.errors import BadInputError

_LOGIN = re.compile(r"//[^/]*:[^/]*@")
_CONTENT, _COMMIT = "opsbook-content", "opsbook-commit"
"""Tags of the two snapshots that make an object."""


class Restic(Destination):
    """Keeps each object as a snapshot with one file, beside the snapshots of others.

    restic calls a snapshot good when its input ends, also when that end is our death: so an
    object counts only once a second snapshot says that it is whole. Deleting forgets snapshots;
    their room is free after `restic prune`, which is left to whom the repository belongs.
    """

    repository: str
    """As for `restic --repo`, without a password."""
    password: Secret
    """Of the repository."""
    environment: dict[str, TextOrSecret] = {}
    """Variables for restic, such as AWS_SECRET_ACCESS_KEY or RESTIC_REST_PASSWORD."""
    within: Duration = Field(default=300.0, gt=0)
    """How long a command may take, and a stream stand still."""

    _writing: set[str] = PrivateAttr(default_factory=set)

    @field_validator("repository")
    @classmethod
    def _holds_no_password(cls, value: str) -> str:
        if _LOGIN.search(value):
            raise ValueError("it holds a password; say it with a variable under `environment`")
        return value

    @property
    def subject(self) -> str:
        return self.repository

    @cached_property
    def program(self) -> Program:
        return Program(self.repository, self.password, self.environment, self.within)

    def upload(self, name: str) -> Upload:
        with self._failing():
            return _Upload(self, checked(name))

    def open(self, name: str) -> BinaryIO:
        with self._failing():
            found = self.objects().get(checked(name))
            if found is None:
                raise FileNotFoundError(f"{self.subject}/{name} does not exist")
            if found[-1].size == 0:
                return io.BytesIO()
            running = self.program.begin("dump", found[-1].content, f"/{name}", reads=False)
        return cast("BinaryIO", io.BufferedReader(_Content(running)))

    def names(self, prefix: str) -> Iterator[Stored]:
        with self._failing():
            for name, found in sorted(self.objects().items()):
                if name.startswith(prefix):
                    yield Stored(name, found[-1].size)

    def delete(self, name: str) -> None:
        with self._failing():
            self.forget(self.objects().get(checked(name), []))

    def free_bytes(self) -> int | None:
        return None

    def sweep(self, older_than: float) -> int:
        """Forgets content without a commit, and locks of the dead."""
        with self._failing():
            before = datetime.now(UTC).timestamp() - older_than
            snapshots = self._snapshots()
            whole = {_tag(each, "upload") for each in snapshots if _COMMIT in each["tags"]}
            ids = [
                each["id"]
                for each in snapshots
                if _tag(each, "upload") not in whole | self._writing
                and datetime.fromisoformat(each["time"]).timestamp() < before
            ]
            if ids:
                self.program.run("unlock")
                self.program.run("forget", *ids)
            return len(ids)

    def objects(self) -> "dict[str, list[_Object]]":
        """The whole objects under each name, the newest last."""
        snapshots = sorted(self._snapshots(), key=lambda each: str(each["time"]))
        content = {_tag(e, "upload"): str(e["id"]) for e in snapshots if _CONTENT in e["tags"]}
        found: dict[str, list[_Object]] = {}
        for each in snapshots:
            upload = _tag(each, "upload")
            if _COMMIT in each["tags"] and upload in content:
                made = _Object(each["id"], content[upload], int(_tag(each, "size")))
                found.setdefault(each["paths"][0].removeprefix("/"), []).append(made)
        return found

    def forget(self, objects: "list[_Object]") -> None:
        """In any order: what is half forgotten is no object."""
        if objects:
            self.program.run(
                "forget", *(i for each in objects for i in (each.commit, each.content))
            )

    def backup(self, name: str, kind: str, *tags: str) -> Running:
        """A restic that makes a snapshot of what it is given."""
        words = ["--stdin", "--stdin-filename", name, "--host", self.platform]
        return self.program.begin(
            "backup", *words, "--tag", ",".join(["opsbook", kind, *tags]), reads=True
        )

    def _snapshots(self) -> list[dict[str, Any]]:
        words = ("--json", "--tag", "opsbook", "--host", self.platform)
        found: list[dict[str, Any]] = json.loads(self.program.run("snapshots", *words)) or []
        return found

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except (BadInputError, ValueError, LookupError) as error:
            raise DestinationError(f"{self.subject}: {error}", temporary=False) from None


@dataclass(frozen=True, slots=True)
class _Object:
    """Snapshots of one object."""

    commit: str
    content: str
    size: int


class _Upload(Upload):
    def __init__(self, keeper: Restic, name: str) -> None:
        self._keeper, self._name, self._size = keeper, name, 0
        self._tag = f"upload={secrets.token_hex(8)}"
        self._running = keeper.backup(name, _CONTENT, self._tag)
        keeper._writing.add(self._tag.partition("=")[2])

    def write(self, block: bytes) -> None:
        self._running.write(block)
        self._size += len(block)

    def commit(self) -> None:
        try:
            replaced = self._keeper.objects().get(self._name, [])
            if self._size == 0:
                # restic refuses a file without content; the size says that this is none of it.
                self._running.write(b"\n")
            self._running.finish()
            with self._keeper.backup(
                self._name, _COMMIT, self._tag, f"size={self._size}"
            ) as commit:
                commit.write(b"whole\n")
                commit.finish()
            # The newest counts; what is still there of an older one goes with it.
            with contextlib.suppress(DestinationError):
                self._keeper.forget(replaced)
        finally:
            self.abort()

    def abort(self) -> None:
        self._running.interrupt()
        self._keeper._writing.discard(self._tag.partition("=")[2])


class _Content(io.RawIOBase):
    """What restic dumps; the end is one only if restic says so."""

    def __init__(self, running: Running) -> None:
        self._running, self._ended = running, False

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any, /) -> int:
        if self._ended:
            return 0
        found = self._running.read(len(into))
        into[: len(found)] = found
        self._ended = not found
        return len(found)

    def close(self) -> None:
        self._running.interrupt()
        super().close()


def _tag(snapshot: dict[str, Any], name: str) -> str:
    """The value of a tag `name=value`; empty without one."""
    found = (tag.partition("=")[2] for tag in snapshot["tags"] if tag.startswith(f"{name}="))
    return next(found, "")
