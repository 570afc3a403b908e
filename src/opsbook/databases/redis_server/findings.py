"""What a Redis server tells: memory, evictions, persistence, slow commands, big keys."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from opsbook.databases.limits import Limits
from opsbook.databases.model import Report
from opsbook.probes.resp import ReplyError, Resp

_SLOW = 128
"""Entries of the slow log: as many as a server keeps by default."""
_SAMPLE = 1000
_MOST = 20
_SHOWN_OF_A_NAME = 4
"""Characters behind the last colon: the rest of a session's key is as good as a password."""

_COUNTS = {
    "memory_bytes": "used_memory",
    "evicted_keys": "evicted_keys",
    "clients": "connected_clients",
    "unsaved_changes": "rdb_changes_since_last_save",
}
_INFO = (*_COUNTS, "memory_percent", "clients_percent", "fragmentation_percent", "failed_saves")

Find = Callable[[Resp, Limits, Report], Awaitable[None]]


async def look(resp: Resp, limits: Limits) -> Report:
    """What a user may not ask is unknown. Raises ValueError, EOFError and OSError."""
    report = Report()
    parts: Sequence[tuple[Find, Sequence[str]]] = (
        (_info, _INFO),
        (_slow, ("slow_commands",)),
        (_big, ("sampled_keys", "largest_key_bytes")),
    )
    for find, names in parts:
        try:
            await find(resp, limits, report)
        except ReplyError as error:
            report.miss(names, f"{error}; grant the command to its user")
    return report


async def _info(resp: Resp, limits: Limits, report: Report) -> None:
    text = (await resp.ask("INFO")).decode(errors="replace")
    info = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    numbers = {name: float(value) for name, value in info.items() if _is_number(value)}
    for name, field in _COUNTS.items():
        report.tell(name, numbers.get(field))
    most = numbers.get("maxmemory", 0.0)
    if most:
        percent = 100.0 * numbers["used_memory"] / most
        report.tell("memory_percent", percent, limits.memory_percent)
    else:
        report.miss(("memory_percent",), "no maxmemory is set: it may take all there is")
    if room := numbers.get("maxclients"):
        percent = 100.0 * numbers["connected_clients"] / room
        report.tell("clients_percent", percent, limits.connections_percent)
    else:
        report.miss(("clients_percent",), "the server does not say how many it takes")
    ratio = numbers.get("mem_fragmentation_ratio")
    report.tell("fragmentation_percent", None if ratio is None else ratio * 100)
    failed = [name for name in _SAVES if info.get(name, "ok") != "ok"]
    report.tell("failed_saves", len(failed) if "rdb_last_bgsave_status" in info else None, 0)
    rows = [(name, info.get(name)) for name in (*_SAVES, *_KEPT)]
    report.show("persistence", ("of INFO", "value"), rows)


_SAVES = ("rdb_last_bgsave_status", "aof_last_bgrewrite_status", "aof_last_write_status")
_KEPT = ("aof_enabled", "rdb_last_save_time", "maxmemory_policy", "role")


async def _slow(resp: Resp, limits: Limits, report: Report) -> None:
    """Only the command's name: its words may be secrets."""
    entries = [
        (entry[1], entry[2] / 1e6, entry[3][0].decode(errors="replace").upper(), len(entry[3]) - 1)
        for entry in await resp.ask("SLOWLOG", "GET", str(_SLOW))
    ]
    slow = [entry for entry in entries if entry[1] > limits.slow_query]
    report.tell("slow_commands", len(slow), limits.slow_queries)
    entries.sort(key=lambda entry: -entry[1])
    report.show("slow_log", ("at", "seconds", "command", "words"), entries[:_MOST])


async def _big(resp: Resp, limits: Limits, report: Report) -> None:
    """All keys of a small database; of a large one those that chance picks."""
    count = await resp.ask("DBSIZE")
    keys = await (_all_keys(resp) if count <= _SAMPLE else _some_keys(resp))
    usage = await resp.ask_all([("MEMORY", "USAGE", key, "SAMPLES", "5") for key in keys])
    for refused in (each for each in usage if isinstance(each, ReplyError)):
        raise refused
    sizes = [(size, key) for size, key in zip(usage, keys, strict=True) if size is not None]
    sizes.sort(reverse=True)
    report.tell("sampled_keys", len(sizes))
    report.tell("largest_key_bytes", sizes[0][0] if sizes else 0, limits.big_key)
    rows = [(_shown(key), size) for size, key in sizes[:_MOST]]
    report.show("largest_keys", ("key", "size_bytes"), rows, f"{len(sizes)} of {count} looked at")


async def _all_keys(resp: Resp) -> list[bytes]:
    keys: dict[bytes, None] = {}
    cursor = b"0"
    while True:
        cursor, found = await resp.ask("SCAN", cursor, "COUNT", "200")
        keys |= dict.fromkeys(found)
        if cursor == b"0" or len(keys) > 2 * _SAMPLE:
            return list(keys)


async def _some_keys(resp: Resp) -> list[bytes]:
    found: list[Any] = await resp.ask_all([("RANDOMKEY",)] * _SAMPLE)
    for refused in (each for each in found if isinstance(each, ReplyError)):
        raise refused
    return list(dict.fromkeys(key for key in found if key is not None))


def _shown(key: bytes) -> str:
    text = key.decode(errors="replace")
    head, colon, name = text.rpartition(":")
    beginning = f"{head}{colon}{name[:_SHOWN_OF_A_NAME]}"[:100]
    return beginning if beginning == text else f"{beginning}…"


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\d{1,19}(\.\d+)?", text.strip()) is not None
