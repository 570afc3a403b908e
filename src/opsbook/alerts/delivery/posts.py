"""Notices on their way: the table that survives whatever happens to the process.

All functions block; each is one transaction.
"""

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from pydantic_core import to_json
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    Integer,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from opsbook.alerts.delivery.dedup import Told
from opsbook.alerts.model import Alert, Notice
from opsbook.core.labels import Labels
from opsbook.state.database import reading
from opsbook.state.tables import metadata

notices = Table(
    "notices",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("slot", String(64), nullable=False, index=True),
    Column("group_key", Text, nullable=False),
    Column("receiver", String(200), nullable=False),
    Column("entry", String(200), nullable=False),
    Column("key", String(36), nullable=False, unique=True),
    Column("status", String(12), nullable=False, index=True),
    Column("firing", Text, nullable=False),
    Column("resolved", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("made_at", Float, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Float, nullable=False),
    Column("done_at", Float, nullable=True),
    Column("answer", Text, nullable=False),
    Column("recorded", Boolean, nullable=False),
)


_NAMESPACE = uuid.UUID("2f0b2f5e-6d0c-4a3b-9b0e-0d9d5c8f7a11")


class Status(StrEnum):
    """`new` → `sending` → one of the others; or back to `new` to be sent again."""

    NEW = "new"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    """Given up: it would not arrive if it were sent again."""
    UNKNOWN = "unknown"
    """It may have arrived: a person has to look."""
    SUPERSEDED = "superseded"
    """A newer notice of the same group took its place before it was sent."""


@dataclass
class Post:
    """One notice for one entry of a receiver. Times in seconds since 1970."""

    notice: Notice
    entry: str
    """Which of the receiver's entries: `webhook[0]`."""
    firing: frozenset[str]
    resolved: frozenset[str]
    """What the receiver knows once it has been sent; not all of it need be shown."""
    made_at: float
    due_at: float
    key: str = ""
    """The same whenever this notice is sent, and no other has it."""
    id: int = 0
    status: Status = Status.NEW
    attempts: int = 0
    done_at: float | None = None
    answer: str = ""
    reserve: bool = False
    """Whether the receiver is told in place of another one that could not be reached."""

    def __post_init__(self) -> None:
        self.key = self.key or str(uuid.uuid4())

    @property
    def slot(self) -> str:
        """The same for all notices that tell one entry of one group."""
        parts = [self.notice.group_key, self.notice.receiver, self.entry, str(self.reserve)]
        return slot_of(*parts)

    @property
    def told(self) -> Told:
        return Told(self.firing, self.resolved, self.made_at)


def key_of(*parts: str) -> str:
    """The key of a notice that is to be written once, however often it is asked for."""
    return str(uuid.uuid5(_NAMESPACE, " ".join(parts)))


def slot_of(group_key: str, receiver: str, entry: str, reserve: str = "False") -> str:
    return hashlib.sha256(json.dumps([group_key, receiver, entry, reserve]).encode()).hexdigest()


def write(
    engine: Engine,
    posts: Sequence[Post],
    superseded: Sequence[Post],
    now: float,
    given_up: Post | None = None,
) -> None:
    """Write posts down, that others are not to be sent any more, and for which one that was
    given up they come, if for one."""
    with engine.begin() as connection:
        if given_up is not None:
            _update(connection, given_up, recorded=False)
        for post in superseded:
            done = {"status": Status.SUPERSEDED.value, "done_at": now, "recorded": True}
            same = (notices.c.id == post.id) & (notices.c.status == Status.NEW.value)
            connection.execute(update(notices).where(same).values(done))
        for post in posts:
            made = connection.execute(insert(notices), _row(post)).inserted_primary_key
            if made is None:
                raise RuntimeError("the database gave no number to a new row")
            post.id = made[0]


def change(engine: Engine, post: Post, *, recorded: bool = False) -> None:
    """Write down how a post stands now."""
    with engine.begin() as connection:
        _update(connection, post, recorded=recorded)


def recorded(connection: Connection, numbers: Sequence[int]) -> None:
    """The ledger has it how these ended."""
    connection.execute(update(notices).where(notices.c.id.in_(numbers)).values(recorded=True))


def _update(connection: Connection, post: Post, *, recorded: bool) -> None:
    row = {
        "status": post.status.value,
        "attempts": post.attempts,
        "due_at": post.due_at,
        "done_at": post.done_at,
        "answer": post.answer,
        "recorded": recorded,
    }
    connection.execute(update(notices).where(notices.c.id == post.id).values(row))


def try_writing(engine: Engine) -> None:
    """Write a row that nobody sends, and take it away. Raises SQLAlchemyError."""
    nobody = Notice("", "", (), (), 0.0, "")
    nothing = Post(nobody, "", frozenset(), frozenset(), 0.0, 0.0, status=Status.SUPERSEDED)
    with engine.begin() as connection:
        connection.execute(insert(notices), _row(nothing))
        connection.execute(delete(notices).where(notices.c.key == nothing.key))


def load_open(engine: Engine) -> list[Post]:
    """Posts that were not done with, the oldest first."""
    return _load(engine, notices.c.status.in_([Status.NEW.value, Status.SENDING.value]))


def load_unrecorded(engine: Engine) -> list[Post]:
    """Posts that were done with, and the ledger does not know it for certain."""
    done = [Status.SENT.value, Status.FAILED.value, Status.UNKNOWN.value]
    return _load(engine, notices.c.status.in_(done) & notices.c.recorded.is_(False))


def load_latest(engine: Engine, most: int, *statuses: Status) -> list[Post]:
    """The newest posts, of some statuses only where they are given."""
    wanted = notices.c.status.in_([status.value for status in statuses or Status])
    query = select(notices).where(wanted).order_by(notices.c.id.desc()).limit(most)
    with reading(engine) as connection:
        return [_post(row) for row in connection.execute(query)]


def load_told(engine: Engine) -> dict[str, Told]:
    """What each slot was told last; of what is unknown it is taken that it arrived."""
    arrived = notices.c.status.in_([Status.SENT.value, Status.UNKNOWN.value])
    newest = select(func.max(notices.c.id)).where(arrived).group_by(notices.c.slot)
    columns = (notices.c.slot, notices.c.firing, notices.c.resolved, notices.c.made_at)
    with reading(engine) as connection:
        rows = connection.execute(select(*columns).where(notices.c.id.in_(newest)))
        return {row.slot: Told(_set(row.firing), _set(row.resolved), row.made_at) for row in rows}


def prune(engine: Engine, before: float) -> None:
    """Forget what was done with before then."""
    with engine.begin() as connection:
        connection.execute(delete(notices).where(notices.c.done_at < before))


def _load(engine: Engine, wanted: Any) -> list[Post]:
    with reading(engine) as connection:
        rows = connection.execute(select(notices).where(wanted).order_by(notices.c.id))
        return [_post(row) for row in rows]


def _row(post: Post) -> dict[str, Any]:
    return {
        "slot": post.slot,
        "group_key": post.notice.group_key,
        "receiver": post.notice.receiver,
        "entry": post.entry,
        "key": post.key,
        "status": post.status.value,
        "firing": json.dumps(sorted(post.firing)),
        "resolved": json.dumps(sorted(post.resolved)),
        "content": _content(post),
        "made_at": post.made_at,
        "attempts": post.attempts,
        "due_at": post.due_at,
        "done_at": post.done_at,
        "answer": post.answer,
        # What was never sent is nothing to tell of.
        "recorded": post.status is Status.SENT,
    }


def _content(post: Post) -> str:
    notice = {each.name: getattr(post.notice, each.name) for each in fields(Notice)}
    return to_json({**notice, "reserve": post.reserve}).decode()


def _post(row: Any) -> Post:
    content = json.loads(row.content)
    reserve = content.pop("reserve")
    content["group_labels"] = _labels(content["group_labels"])
    content["alerts"] = tuple(map(_alert, content["alerts"]))
    return Post(
        notice=Notice(**content),
        entry=row.entry,
        firing=_set(row.firing),
        resolved=_set(row.resolved),
        made_at=row.made_at,
        due_at=row.due_at,
        key=row.key,
        id=row.id,
        status=Status(row.status),
        attempts=row.attempts,
        done_at=row.done_at,
        answer=row.answer,
        reserve=reserve,
    )


def _alert(content: dict[str, Any]) -> Alert:
    labels, annotations = _labels(content["labels"]), _labels(content["annotations"])
    return Alert(**{**content, "labels": labels, "annotations": annotations})


def _labels(pairs: list[list[str]]) -> Labels:
    return tuple((name, value) for name, value in pairs)


def _set(text: str) -> frozenset[str]:
    return frozenset(json.loads(text))
