"""Opsbook killed while it carries an order out: one copy or none, and a stop remains a stop."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from opsbook.services.life import Phase
from opsbook.services.orders import Order
from opsbook.services.standing import Standing
from tests.crash.test_kill_9 import copies
from tests.eventually import eventually
from tests.services.platform import one_service, watched


def killed_while(verb: str, book: Path, data: Path, delay: float, key: str = "") -> None:
    """A life that orders this, killed so long after the order was begun."""
    command = [sys.executable, "-m", "tests.services.ordering", str(book), str(data), verb, key]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as life:
        assert life.stdout is not None
        assert life.stdout.readline() == b"ordered\n"
        time.sleep(delay)
        life.kill()


@pytest.mark.parametrize("seed", range(4))
async def test_a_stop_remains_a_stop(tmp_path: Path, seed: int) -> None:
    book, data = one_service(tmp_path), tmp_path / "data"
    killed_while("stop", book, data, random.Random(seed).uniform(0, 0.03))
    left, wanted = copies(tmp_path), Standing(data / "services/a.orders").stop
    async with watched(book, data) as platform:
        assert len(left) <= 1
        if wanted is None:
            await platform.well()
            assert len(copies(tmp_path)) == 1
        else:
            await eventually(lambda: platform.keeper().phase is Phase.STOPPED)
            assert copies(tmp_path) == []
            assert platform.keeper().message == "stopped by ada: new rack"


@pytest.mark.parametrize("seed", range(4))
async def test_a_restart_leaves_the_old_instance_or_the_new_one(tmp_path: Path, seed: int) -> None:
    book, data = one_service(tmp_path), tmp_path / "data"
    killed_while("restart", book, data, random.Random(seed).uniform(0, 0.08))
    left = copies(tmp_path)
    async with watched(book, data) as platform:
        assert len(left) <= 1
        await platform.well()
        assert copies(tmp_path) == [platform.pid()]


@pytest.mark.parametrize("seed", range(6))
async def test_a_restart_that_is_ordered_again_with_its_key_is_done_once(
    tmp_path: Path, seed: int
) -> None:
    book, data = one_service(tmp_path), tmp_path / "data"
    killed_while("restart", book, data, random.Random(seed).uniform(0, 0.08), "k")
    async with watched(book, data) as platform:
        await platform.well()
        for _ in range(2):
            await platform.app.services.order("a", Order("restart", "ada", "new rack", key="k"))
        assert (tmp_path / "a/starts").read_text() == "xx"
        await platform.app.services.order("a", Order("restart", "ada", "new rack", key="other"))
        assert (tmp_path / "a/starts").read_text() == "xxx"
