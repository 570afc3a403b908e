"""The `redis` step against a real server."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from opsbook.core.errors import BadInputError
from opsbook.runbooks.action import ActionFailedError
from tests.runbooks.steps.contract import Settings, StepContract, StoppingContract
from tests.runbooks.steps.stage import Stage, step
from tests.servers.loopback import free_port, serving, silent
from tests.servers.redis import Redis, redis

PASSWORD = "redis-s3cret-pass"
SESSIONS = 25


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with redis(tmp_path_factory.mktemp("redis"), password=PASSWORD) as server:
        yield server


@pytest.fixture
def sessions(server: Redis) -> Redis:
    """25 sessions and two other keys, in an otherwise empty database."""
    keys = [f"SET session:{number:08} x" for number in range(SESSIONS)]
    server.send("FLUSHALL", *keys, "SET cache:1 x", "SET my-session:1 x")
    return server


def settings(server: Redis, **more: Any) -> dict[str, Any]:
    return {"address": f"127.0.0.1:{server.port}", "password": "{{ password }}", **more}


def size(server: Redis) -> int:
    return int(server.send("DBSIZE").split(":")[1].split()[0])


class TestRedis(StepContract, StoppingContract):
    kind: ClassVar[str] = "redis"

    @pytest.fixture
    async def good(self, stage: Stage, sessions: Redis, tmp_path: Path) -> Settings:
        self.server = sessions
        (tmp_path / "password").write_text(PASSWORD)
        given = {**settings(sessions), "password": f"file:{tmp_path / 'password'}"}
        return {**given, "delete": "session:*"}

    @pytest.fixture
    async def bad(self, stage: Stage) -> Settings:
        return {"address": f"127.0.0.1:{free_port()}", "count": "session:*"}

    @pytest.fixture
    async def endless(self, stage: Stage) -> AsyncIterator[Settings]:
        async with serving(silent) as port:
            yield {"address": f"127.0.0.1:{port}", "count": "session:*"}

    def effects(self, stage: Stage) -> int:
        return SESSIONS + 2 - size(self.server)


async def carried(stage: Stage, given: dict[str, Any], password: str = PASSWORD) -> Any:
    return await stage.carry_out("redis", given, values={"steps": {}, "password": password})


async def test_only_what_matches_is_counted(stage: Stage, sessions: Redis) -> None:
    result = await carried(stage, settings(sessions, count="session:*", batch=3))
    assert result["matched"] == SESSIONS
    assert size(sessions) == SESSIONS + 2


async def test_only_what_matches_is_deleted_however_many_batches_it_takes(
    stage: Stage, sessions: Redis
) -> None:
    result = await carried(stage, settings(sessions, delete="session:*", batch=3))
    assert (result["matched"], result["deleted"]) == (SESSIONS, SESSIONS)
    assert sessions.send("EXISTS cache:1 my-session:1").split()[1] == ":2"
    assert size(sessions) == 2


async def test_its_examples_do_not_give_a_session_away(stage: Stage, sessions: Redis) -> None:
    result = await carried(stage, settings(sessions, count="session:*"))
    assert result["examples"] == ["session:0000…"] * 5


async def test_its_preview_has_the_count(stage: Stage, sessions: Redis) -> None:
    action = step("redis", settings(sessions, delete="session:*")).action
    change = await action.preview(stage.context(values={"steps": {}, "password": PASSWORD}))
    assert change is not None
    assert change.before.startswith(f"{SESSIONS} keys, such as session:0000…, ")
    assert size(sessions) == SESSIONS + 2


async def test_of_more_than_it_may_nothing_is_deleted(stage: Stage, sessions: Redis) -> None:
    given = settings(sessions, delete="session:*", at_most=SESSIONS - 1)
    with pytest.raises(ActionFailedError, match="more than 24 keys match"):
        await carried(stage, given)
    assert size(sessions) == SESSIONS + 2


async def test_a_count_that_is_not_as_expected_is_a_failure(stage: Stage, sessions: Redis) -> None:
    given = settings(sessions, count="session:*", expect={"equals": 0})
    with pytest.raises(ActionFailedError, match=r"matched = 0 \(is 25\)"):
        await carried(stage, given)


async def test_a_key_that_is_no_text_is_deleted_as_well(stage: Stage, sessions: Redis) -> None:
    sessions.send("FLUSHALL", r'SET "session:\xff\x00" x')
    result = await carried(stage, settings(sessions, delete="session:*"))
    assert result["deleted"] == 1
    assert size(sessions) == 0


async def test_only_its_database_is_touched(stage: Stage, sessions: Redis) -> None:
    sessions.send("SELECT 3", "SET session:other x")
    result = await carried(stage, settings(sessions, delete="session:*", db=3))
    assert result["deleted"] == 1
    assert size(sessions) == SESSIONS + 2


async def test_a_wrong_password_is_told_in_the_servers_words(stage: Stage, sessions: Redis) -> None:
    with pytest.raises(ActionFailedError, match="WRONGPASS"):
        await carried(stage, settings(sessions, delete="session:*"), "wr0ng-pass")
    assert size(sessions) == SESSIONS + 2


async def test_a_user_who_may_not_delete_deletes_nothing(stage: Stage, sessions: Redis) -> None:
    sessions.send("ACL SETUSER reader on >r3ader-pass ~* +@read +info +scan")
    given = settings(sessions, delete="session:*", username="reader")
    with pytest.raises(ActionFailedError, match="NOPERM"):
        await carried(stage, given, "r3ader-pass")
    assert size(sessions) == SESSIONS + 2


async def test_the_unix_socket_will_do(stage: Stage, sessions: Redis) -> None:
    given = {**settings(sessions, count="session:*"), "address": str(sessions.socket)}
    assert (await carried(stage, given))["matched"] == SESSIONS


async def test_one_node_of_a_cluster_is_not_taken_for_all_of_it(
    stage: Stage, tmp_path: Path
) -> None:
    bus = ["--cluster-port", str(free_port())]
    with redis(tmp_path, "--cluster-enabled", "yes", *bus) as node:
        given = {"address": f"127.0.0.1:{node.port}", "count": "session:*"}
        with pytest.raises(ActionFailedError, match="one node of a cluster"):
            await stage.carry_out("redis", given)


@asynccontextmanager
async def saying(said: bytes) -> AsyncIterator[int]:
    async def say(reader: Any, writer: Any) -> None:
        writer.write(said)
        await reader.read()

    async with serving(say) as port:
        yield port


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0\r\n",
        b"$99999999999\r\n",
        b"*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
        b"x" * 200_000,
        b":1\r\n",
    ],
    ids=["other", "large", "deep", "endless", "number"],
)
async def test_what_is_no_redis_server_is_a_failure(stage: Stage, said: bytes) -> None:
    async with saying(said) as port:
        with pytest.raises(ActionFailedError, match=r"Redis server|too long"):
            await stage.carry_out("redis", {"address": f"127.0.0.1:{port}", "count": "session:*"})


@pytest.mark.parametrize("pattern", ["*", "", "**", "?*", "[a-z]*", "[^x", "a*", r"\**", "se*"])
@pytest.mark.parametrize("verb", ["count", "delete"])
def test_a_pattern_for_everything_is_refused_when_the_book_is_loaded(
    verb: str, pattern: str
) -> None:
    with pytest.raises(ValidationError, match="far too much"):
        step("redis", {"address": "127.0.0.1:6379", verb: pattern})


async def test_a_pattern_for_everything_is_refused_when_it_is_filled_in(
    stage: Stage, sessions: Redis
) -> None:
    given = settings(sessions, delete="{{ pattern }}")
    values = {"steps": {}, "password": PASSWORD, "pattern": "*"}
    with pytest.raises(BadInputError, match="far too much"):
        await stage.carry_out("redis", given, values=values)
    assert size(sessions) == SESSIONS + 2


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"address": "127.0.0.1", "count": "session:*"}, "write host:port"),
        ({"address": "h:0", "count": "session:*"}, "write host:port"),
        ({"address": "h:1"}, "either `count` or `delete`"),
        ({"address": "h:1", "count": "abc*", "delete": "abc*"}, "either `count` or `delete`"),
        ({"address": "h:1", "delete": "abc*", "expect": {"equals": 0}}, "`expect` is for `count`"),
        ({"address": "h:1", "count": "abc*", "username": "u"}, "without a password"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        step("redis", wrong)


def test_deleting_wants_a_second_person() -> None:
    assert step("redis", {"address": "h:1", "count": "session:*"}).action_class == 0
    assert step("redis", {"address": "h:1", "delete": "session:*"}).action_class == 3
