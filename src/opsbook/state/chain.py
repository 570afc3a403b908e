"""How ledger entries hang together, and how a break in the chain is found."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

GENESIS = "0" * 64
"""What stands for the hash before the first entry."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `at` is ISO 8601 in UTC, `body` canonical JSON."""

    seq: int
    at: str
    kind: str
    subject: str
    actor: str
    body: str
    hash: str

    def as_dict(self) -> dict[str, Any]:
        return {
            "seq": self.seq,
            "at": self.at,
            "kind": self.kind,
            "subject": self.subject,
            "actor": self.actor,
            "body": json.loads(self.body),
            "hash": self.hash,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found: `problem` is None if every entry is as it was written."""

    entries: int
    head: str
    bad: int | None = None
    problem: str | None = None


def canonical(body: Any) -> str:
    """The one JSON text of a body: sorted keys, no blanks, no NaN."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False, default=str)


def link(previous: str, seq: int, *fields: str) -> str:
    """The hash of an entry: SHA-256 over the hash before it and all that it says."""
    return hashlib.sha256(canonical([previous, seq, *fields]).encode()).hexdigest()


def verify_chain(entries: Iterable[Entry], head: tuple[int, str] | None) -> Verdict:
    """Walk the entries in the order of `seq` and name the first that is not as written.

    `head` is what the database says was written last.
    """
    previous, count = GENESIS, 0
    for entry in entries:
        expected = count + 1
        if entry.seq != expected:
            problem = (
                f"entry {expected} was removed"
                if entry.seq > expected
                else (f"entry {entry.seq} does not belong before {expected}")
            )
            return Verdict(count, previous, expected, problem)
        fields = (entry.at, entry.kind, entry.subject, entry.actor, entry.body)
        if link(previous, entry.seq, *fields) != entry.hash:
            problem = f"entry {entry.seq} ({entry.kind} {entry.subject}) was changed or moved"
            return Verdict(count, previous, entry.seq, problem)
        previous, count = entry.hash, expected
    return _verify_end(count, previous, head)


def _verify_end(count: int, last: str, head: tuple[int, str] | None) -> Verdict:
    if head is None and count == 0:
        return Verdict(0, GENESIS)
    if head is None:
        return Verdict(count, last, count, "the record of the last entry was removed")
    if head[0] > count:
        return Verdict(count, last, count + 1, f"entry {count + 1} was removed from the end")
    if head != (count, last):
        return Verdict(count, last, count, f"entry {count} is not the one written last")
    return Verdict(count, last)
