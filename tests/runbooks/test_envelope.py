"""How ends of work are recorded."""

import pytest
from sqlalchemy.exc import OperationalError

from opsbook.core.errors import BadInputError
from opsbook.durable.port import DurableError
from opsbook.durable.values import Json
from opsbook.runbooks.action import ActionFailedError, ActionUnknownError
from opsbook.runbooks.envelope import opened, settled


async def recorded(error: Exception) -> Json:
    async def work() -> dict[str, Json]:
        raise error

    return await settled(work)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ActionFailedError("no", {"code": 1}), ActionFailedError),
        (ActionUnknownError("who knows"), ActionUnknownError),
        (BadInputError("no such thing"), ActionFailedError),
        (KeyError("unforeseen"), ActionFailedError),
    ],
)
async def test_a_failure_is_a_result_that_raises_it_again(
    error: Exception, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        opened(await recorded(error))


async def test_what_is_known_of_a_failure_is_kept() -> None:
    with pytest.raises(ActionFailedError) as caught:
        opened(await recorded(ActionFailedError("no", {"code": 1})))
    assert caught.value.result == {"code": 1}


@pytest.mark.parametrize(
    "error", [DurableError("away"), OperationalError("select", {}, Exception("away"))]
)
async def test_that_opsbooks_own_database_is_away_is_no_end(error: Exception) -> None:
    with pytest.raises(type(error)):
        await recorded(error)
