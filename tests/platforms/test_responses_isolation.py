"""`isolate-host` as text, and between two hosts that are network namespaces of the test."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsbook.core.errors import BadInputError
from opsbook.runbooks.template import Template
from tests.eventually import eventually
from tests.platforms.network import SERVER, Host, standing, two_hosts
from tests.platforms.responding import book, responding, response, states

MANAGEMENT, SSH, OTHER = 7070, 22, 8080

RULES = """\
add table inet opsbook_isolation
delete table inet opsbook_isolation
table inet opsbook_isolation {
  set active {
    type nf_proto
    flags timeout
    elements = {
      ipv4 timeout 1800s,
      ipv6 timeout 1800s
    }
  }
  chain input {
    type filter hook input priority -10; policy accept;
    meta nfproto != @active accept
    iifname "lo" accept
    ct direction reply ct state established,related accept
    tcp dport 7070 accept
    tcp dport 22 tcp flags & (syn | ack) != syn accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
    counter drop
  }
  chain forward {
    type filter hook forward priority -10; policy accept;
    meta nfproto @active counter drop
  }
}
"""


@pytest.fixture
def hosts() -> Iterator[tuple[Host, Host]]:
    with two_hosts(MANAGEMENT, SSH, OTHER) as hosts:
        yield hosts


def isolation(directory: Path) -> Path:
    return book(directory, response("isolation"))


def table(host: Host) -> bool:
    return "opsbook_isolation" in host.do("nft", "list", "tables")


def test_the_rules_are_these() -> None:
    steps = response("isolation")["isolate-host"]["steps"]
    isolate = next(step for step in steps if step["name"] == "isolate")
    values = {"period": 1800.0, "management_port": MANAGEMENT, "ssh_port": SSH}
    assert Template(isolate["command"]["argv"][-1]).text(values) == RULES


def test_the_rules_that_are_checked_are_those_that_are_set() -> None:
    steps = response("isolation")["isolate-host"]["steps"]
    isolate = next(step for step in steps if step["name"] == "isolate")
    precheck = isolate["precheck"][0]["command"]["argv"]
    assert precheck[-1] == isolate["command"]["argv"][-1]
    assert precheck[-2] == "--check"


async def test_only_what_must_come_in_comes_in_until_it_is_lifted(
    tmp_path: Path, hosts: tuple[Host, Host]
) -> None:
    server, client = hosts
    given = {"namespace": server.namespace, "management_port": MANAGEMENT}
    async with responding(isolation(tmp_path), tmp_path / "data") as there:
        with standing(client, SERVER, SSH) as ssh, standing(client, SERVER, OTHER) as other:
            await there.succeeded("isolate-host", "isolate-host", **given)
            assert ssh.answers
            assert not other.answers
        assert there.approvals == 1
        assert client.reaches(SERVER, MANAGEMENT)
        assert not client.reaches(SERVER, OTHER)
        assert not client.reaches(SERVER, SSH)
        assert server.reaches("127.0.0.1", OTHER)
        await there.succeeded("lift-isolation", "lift-isolation", namespace=server.namespace)
        assert client.reaches(SERVER, OTHER)
        assert not table(server)


async def test_the_host_still_gets_answers_to_what_it_asks(
    tmp_path: Path, hosts: tuple[Host, Host]
) -> None:
    """Opsbook has to tell somebody."""
    _, server = hosts
    given = {"namespace": server.namespace, "management_port": MANAGEMENT}
    async with responding(isolation(tmp_path), tmp_path / "data") as there:
        await there.succeeded("isolate-host", "isolate-host", **given)
        assert server.reaches(SERVER, OTHER)


async def test_it_ends_by_itself_though_nobody_is_there_any_more(
    tmp_path: Path, hosts: tuple[Host, Host]
) -> None:
    server, client = hosts
    given = {"namespace": server.namespace, "management_port": MANAGEMENT, "period": "3s"}
    began = time.monotonic()
    async with responding(isolation(tmp_path), tmp_path / "data") as there:
        await there.succeeded("isolate-host", "isolate-host", **given)
        assert not client.reaches(SERVER, OTHER)
    await eventually(lambda: client.reaches(SERVER, OTHER), 5)
    assert time.monotonic() - began > 3
    assert table(server)


async def test_it_lasts_longer_where_somebody_says_so(
    tmp_path: Path, hosts: tuple[Host, Host]
) -> None:
    server, client = hosts
    given = {"namespace": server.namespace, "management_port": MANAGEMENT, "period": "4s"}
    async with responding(isolation(tmp_path), tmp_path / "data") as there:
        await there.succeeded("isolate-host", "isolate-host", **given)
        longer = {"namespace": server.namespace, "period": "1h"}
        await there.succeeded("extend-isolation", "extend-isolation", **longer)
        left = json.loads(server.do("nft", "-j", "list", "ruleset"))
        elements = next(each["set"]["elem"] for each in left["nftables"] if "set" in each)
        assert all(each["elem"]["expires"] > 3500 for each in elements)
        assert not client.reaches(SERVER, OTHER)


async def test_what_has_ended_is_not_extended(tmp_path: Path, hosts: tuple[Host, Host]) -> None:
    server, client = hosts
    async with responding(isolation(tmp_path), tmp_path / "data") as there:
        await there.failed("extend-isolation", "extend-isolation", namespace=server.namespace)
    assert client.reaches(SERVER, OTHER)


async def test_refused_it_changes_nothing(tmp_path: Path, hosts: tuple[Host, Host]) -> None:
    server, client = hosts
    given = {"namespace": server.namespace, "management_port": MANAGEMENT}
    async with responding(isolation(tmp_path), tmp_path / "data") as there:
        run = await there.failed("isolate-host", "isolate-host", consent=False, **given)
    assert states(run)["isolate"] != "done"
    assert client.reaches(SERVER, OTHER)
    assert not table(server)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"management_port": MANAGEMENT}, "namespace"),
        ({"namespace": "/proc/999999999/ns/net"}, "management_port"),
        ({"namespace": "/etc/passwd", "management_port": MANAGEMENT}, "namespace"),
        (
            {"namespace": "/proc/999999999/ns/net", "management_port": "1; flush ruleset"},
            "management_port",
        ),
        ({"namespace": "/proc/999999999/ns/net", "management_port": 0}, "management_port"),
    ],
)
async def test_it_is_not_begun_with(tmp_path: Path, wrong: dict[str, Any], why: str) -> None:
    async with responding(isolation(tmp_path), tmp_path / "data") as there:
        with pytest.raises(BadInputError, match=f"parameter {why}"):
            await there.run("isolate-host", "isolate-host", consent=False, **wrong)
