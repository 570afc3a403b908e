"""The `ping` kind against the kernel's own answers, and in a network that misbehaves.

Loopback always answers. What does not is made in a network namespace, where the kernel
can be told to be silent and this module can answer in its place.
"""

import asyncio
import contextlib
import json
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
import uvloop
from pydantic import ValidationError

from opsbook.probes.model import State
from tests.probes.checks import look, make_check
from tests.probes.kinds.contract import ProbeContract, Settings, open_files
from tests.requirement import missing, needs_program

_HOME = {"host": "127.0.0.1"}


async def _skip_where_forbidden(settings: Settings) -> None:
    outcome = await look("ping", settings)
    if outcome.state is State.UNKNOWN:
        missing(outcome.message)


class TestPing(ProbeContract):
    kind: ClassVar[str] = "ping"

    @pytest.fixture
    async def healthy(self) -> Settings:
        await _skip_where_forbidden(_HOME)
        return _HOME

    @pytest.fixture
    async def broken(self) -> Settings:
        return {"host": "no-such-host.invalid."}

    async def test_it_measures_the_round_trips(self, healthy: Settings) -> None:
        measured = (await look("ping", {**healthy, "count": 3})).measurements
        assert 0 < float(measured["rtt_seconds"]) <= float(measured["slowest_seconds"]) < 1
        assert measured["lost_percent"] == 0
        assert measured["address"] == "127.0.0.1"

    async def test_it_speaks_ipv6(self, healthy: Settings) -> None:
        if not Path("/proc/net/if_inet6").exists():
            missing("this machine has no IPv6")
        outcome = await look("ping", {"host": "::1", "count": 2})
        assert outcome.state is State.UP, outcome.message

    @pytest.mark.parametrize("size", ["8 B", "57 B", "65000 B"])
    async def test_echoes_of_any_size_come_back(self, healthy: Settings, size: str) -> None:
        outcome = await look("ping", {**healthy, "size": size})
        assert outcome.state is State.UP, outcome.message

    async def test_many_at_once_each_find_their_own_answer(self, healthy: Settings) -> None:
        looks = await asyncio.gather(*(look("ping", {**healthy, "count": 2}) for _ in range(20)))
        assert {outcome.state for outcome in looks} == {State.UP}

    async def test_an_address_without_a_way_to_it_is_down(self, healthy: Settings) -> None:
        outcome = await look("ping", {"host": "255.255.255.255"})
        assert outcome.state is State.DOWN
        assert "255.255.255.255" in outcome.message

    @pytest.mark.parametrize("wrong", [{"count": 0}, {"size": "4 B"}, {"size": "1 MB"}])
    def test_an_echo_that_cannot_be_sent_is_refused(self, wrong: Settings) -> None:
        with pytest.raises(ValidationError):
            make_check("ping", {**_HOME, **wrong})


Found = dict[str, Any]

_QUICK = {"timeout": "200ms"}
_SCENES: dict[str, tuple[str, Settings, dict[str, str]]] = {
    "silence": ("silent", _HOME, {**_QUICK, "timed_out": "down"}),
    "silence that is unknown": ("silent", _HOME, {**_QUICK, "timed_out": "unknown"}),
    "all lost": ("silent", {**_HOME, "count": 3, "wait": "200ms"}, {}),
    "half lost": ("every_second", {**_HOME, "count": 4, "wait": "200ms"}, {}),
    "other payload": ("other_payload", _HOME, _QUICK),
    "other identifier": ("other_identifier", _HOME, _QUICK),
    "other sequence": ("other_sequence", _HOME, _QUICK),
    "twice": ("twice", {**_HOME, "count": 2}, {}),
    "forbidden": ("forbidden", _HOME, {}),
    "flood": ("flood", _HOME, _QUICK),
    "kernel": ("kernel", {**_HOME, "count": 2}, {}),
    "kernel over IPv6": ("kernel", {"host": "::1", "count": 2}, {}),
}
"""Who answers, and how the look at it is made."""


@pytest.fixture(scope="module")
def found() -> dict[str, Found]:
    return _apart("privilege", [scene for scene in _SCENES if not scene.startswith("kernel")])


class TestPingInASilentNetwork:
    @pytest.mark.parametrize(
        ("scene", "state"), [("silence", "down"), ("silence that is unknown", "unknown")]
    )
    def test_silence_ends_at_the_deadline_and_leaves_nothing_behind(
        self, found: dict[str, Found], scene: str, state: str
    ) -> None:
        assert found[scene]["state"] == state
        assert found[scene]["seconds"] < 2
        assert found[scene]["left"] == [0, 0]

    def test_several_echoes_of_which_none_is_answered_are_down(
        self, found: dict[str, Found]
    ) -> None:
        assert found["all lost"]["state"] == "down"
        assert found["all lost"]["message"] == "127.0.0.1 did not answer 3 echoes: silence"
        assert found["all lost"]["measurements"]["lost_percent"] == 100

    def test_what_is_lost_in_part_is_measured(self, found: dict[str, Found]) -> None:
        assert found["half lost"]["state"] == "up"
        assert found["half lost"]["measurements"]["lost_percent"] == 50
        assert found["half lost"]["measurements"]["rtt_seconds"] < 0.2

    @pytest.mark.parametrize("scene", ["other payload", "other identifier", "other sequence"])
    def test_answers_to_somebody_else_do_not_count(
        self, found: dict[str, Found], scene: str
    ) -> None:
        assert found[scene]["state"] == "down"

    def test_answers_that_come_twice_count_once(self, found: dict[str, Found]) -> None:
        assert found["twice"]["state"] == "up"
        assert found["twice"]["measurements"]["lost_percent"] == 0

    def test_a_firewall_that_says_no_is_quoted(self, found: dict[str, Found]) -> None:
        assert found["forbidden"]["state"] == "down"
        assert found["forbidden"]["message"].endswith("did not answer the echo: No route to host")

    def test_a_flood_of_echoes_does_not_hold_the_loop(self, found: dict[str, Found]) -> None:
        assert found["flood"]["state"] == "down"
        assert found["flood"]["seconds"] < 2

    def test_without_privilege_the_kernels_permission_is_enough(self) -> None:
        found = _apart("group", ["kernel", "kernel over IPv6"])
        assert [each["state"] for each in found.values()] == ["up", "up"], found

    def test_without_any_permission_it_says_what_to_allow(self) -> None:
        found = _apart("nothing", ["kernel"])["kernel"]
        assert found["state"] == "unknown"
        assert "net.ipv4.ping_group_range" in found["message"]
        assert "CAP_NET_RAW" in found["message"]
        assert "127.0.0.1" in found["message"]


def _apart(allowed: str, scenes: list[str]) -> dict[str, Found]:
    """Scenes played in a network namespace and a process of their own; `allowed` to ping by
    `privilege`, by the kernel's setting for its `group`, or by `nothing`."""
    unshare, ip = needs_program("unshare", "util-linux"), needs_program("ip", "iproute2")
    setpriv = needs_program("setpriv", "util-linux")
    if subprocess.run([unshare, "-rn", "true"], check=False, capture_output=True).returncode:
        missing("this machine lets its users make no network namespace (unshare -rn)")
    less = [] if allowed == "privilege" else [setpriv, "--bounding-set", "-net_raw"]
    network = (
        f"{ip} link set lo up && cd /proc/sys/net/ipv4 && "
        f"echo {int('kernel' not in scenes)} > icmp_echo_ignore_all && "
        + ("echo 0 0 > ping_group_range && " if allowed == "group" else "")
        + 'cd "$0" && exec "$@"'
    )
    root = Path(__file__).parents[3]
    entry = f"from {__name__} import inside; inside()"
    command = [unshare, "-rn", "sh", "-c", network, str(root), *less, sys.executable, "-c", entry]
    ran = subprocess.run(
        [*command, *scenes], check=False, capture_output=True, text=True, timeout=30
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    found: dict[str, Found] = json.loads(ran.stdout)
    return found


def inside() -> None:
    """Runs in the namespace: plays the scenes and prints what the looks found."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = {scene: runner.run(_play(*_SCENES[scene])) for scene in sys.argv[1:]}
    print(json.dumps(found))  # noqa: T201 - the answer of this process


async def _play(answers: str, settings: Settings, check: dict[str, str]) -> Found:
    with _answering(answers):
        await asyncio.sleep(0.01)
        files, tasks, started = open_files(), len(asyncio.all_tasks()), time.monotonic()
        outcome = await look("ping", settings, **check)
        seconds = time.monotonic() - started
        await asyncio.sleep(0.05)
        left = [open_files() - files, len(asyncio.all_tasks()) - tasks]
    return {
        "state": outcome.state,
        "message": outcome.message,
        "measurements": outcome.measurements,
        "seconds": seconds,
        "left": left,
    }


@contextlib.contextmanager
def _answering(answers: str) -> Iterator[None]:
    """Answers echoes in the kernel's place, for as long as the block lasts."""
    if answers not in _ANSWERS:
        yield
        return
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sock:
        sock.setblocking(False)
        loop.add_reader(sock, _respond, sock, _ANSWERS[answers])
        yield
        loop.remove_reader(sock)


Answer = Callable[[int, int, bytes], list[bytes]]


def _respond(sock: socket.socket, answer: Answer) -> None:
    packet = sock.recv(65_536)
    request = packet[(packet[0] & 15) * 4 :]
    if request[0] == 8:
        identifier, sequence = struct.unpack_from("!HH", request, 4)
        for reply in answer(identifier, sequence, request[8:]):
            sock.sendto(reply, ("127.0.0.1", 0))


def _reply(identifier: int, sequence: int, payload: bytes, kind: int = 0, code: int = 0) -> bytes:
    message = struct.pack("!BBHHH", kind, code, 0, identifier, sequence) + payload
    padded = message + b"\0" * (len(message) % 2)
    total = sum(struct.unpack(f"!{len(padded) // 2}H", padded)) % 0xFFFF
    return message[:2] + struct.pack("!H", 0xFFFF - total) + message[4:]


def _forbidden(identifier: int, sequence: int, payload: bytes) -> list[bytes]:
    echo = struct.pack("!BBHHH", 8, 0, 0, identifier, sequence) + payload
    local = socket.inet_aton("127.0.0.1")
    packet = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(echo), 0, 0, 64, 1, 0) + local * 2 + echo
    return [_reply(0, 0, packet, kind=3, code=13)]


_ANSWERS: dict[str, Answer] = {
    "every_second": lambda i, s, payload: [_reply(i, s, payload)] if s % 2 else [],
    "other_payload": lambda i, s, payload: [_reply(i, s, bytes(len(payload)))],
    "other_identifier": lambda i, s, payload: [_reply(i ^ 1, s, payload)],
    "other_sequence": lambda i, s, payload: [_reply(i, s + 1, payload)],
    "twice": lambda i, s, payload: [_reply(i, s, payload)] * 2,
    "forbidden": _forbidden,
    "flood": lambda i, s, payload: [_reply(i, s, bytes(60_000))] * 200,
}
