"""Discovery: who is to be scraped now, and that it is told when that changes."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from opsbook.metrics.scraping.discovery import Discovery
from opsbook.metrics.scraping.settings import ScrapeConfig
from tests.eventually import eventually


def discovery(directory: Path, **settings: Any) -> Discovery:
    config = {"job_name": "a", **settings}
    context = {"directory": directory}
    return Discovery(ScrapeConfig.model_validate(config, context=context), poll=0.01)


@contextlib.asynccontextmanager
async def watching(watched: Discovery) -> AsyncIterator[list[list[str]]]:
    """The URLs of the targets at each change."""
    seen: list[list[str]] = []
    task = asyncio.create_task(watched.watch(lambda: seen.append(urls(watched))))
    try:
        yield seen
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def urls(watched: Discovery) -> list[str]:
    return [target.url for target in watched.targets]


def replace(file: Path, *targets: str) -> None:
    """As programs should: a file is never half written."""
    new = file.with_suffix(".new")
    new.write_text(json.dumps([{"targets": targets}]))
    new.replace(file)


async def test_without_files_the_targets_are_told_once(tmp_path: Path) -> None:
    watched = discovery(tmp_path, static_configs=[{"targets": ["h:1"]}])
    told: list[list[str]] = []
    async with asyncio.timeout(5):
        await watched.watch(lambda: told.append(urls(watched)))
    assert told == [["http://h:1/metrics"]]


async def test_targets_come_and_go_with_the_files(tmp_path: Path) -> None:
    static, files = [{"targets": ["s:1"]}], [{"files": ["*.json"]}]
    watched = discovery(tmp_path, static_configs=static, file_sd_configs=files)
    async with watching(watched) as seen:
        await eventually(lambda: len(seen) == 1)
        replace(tmp_path / "a.json", "h:1")
        await eventually(lambda: len(seen) == 2)
        (tmp_path / "a.json").unlink()
        await eventually(lambda: len(seen) == 3)
    alone = ["http://s:1/metrics"]
    assert seen == [alone, [*alone, "http://h:1/metrics"], alone]


async def test_a_broken_file_changes_no_target_and_is_told(tmp_path: Path) -> None:
    replace(tmp_path / "a.json", "h:1")
    watched = discovery(tmp_path, file_sd_configs=[{"files": ["a.json"]}])
    async with watching(watched) as seen:
        await eventually(lambda: seen)
        (tmp_path / "a.json").write_text("{")
        await eventually(lambda: watched.problems)
    assert seen == [["http://h:1/metrics"]]
    assert watched.problems[0].startswith(f"{tmp_path}/a.json: not JSON")


async def test_a_file_written_anew_with_the_same_targets_is_no_change(tmp_path: Path) -> None:
    replace(tmp_path / "a.json", "h:1")
    watched = discovery(tmp_path, file_sd_configs=[{"files": ["a.json"]}])
    assert await watched.refresh()
    target = watched.targets[0]
    replace(tmp_path / "a.json", "h:1")
    assert not await watched.refresh()
    assert watched.targets[0] is target


async def test_dropped_and_refused_targets_are_known(tmp_path: Path) -> None:
    rules = [
        {"source_labels": ["__address__"], "regex": "d.*", "action": "drop"},
        {"source_labels": ["__address__"], "regex": "r(.*)", "target_label": "__address__"},
        {
            "source_labels": ["__address__"],
            "regex": "1",
            "target_label": "__address__",
            "replacement": "",
        },
    ]
    groups = [{"targets": ["d1", "r1", "h:1"]}]
    watched = discovery(tmp_path, static_configs=groups, relabel_configs=rules)
    await watched.refresh()
    assert urls(watched) == ["http://h:1/metrics"]
    assert [dict(dropped.discovered)["__address__"] for dropped in watched.dropped] == ["d1"]
    assert watched.problems == [
        "job a, target 'r1': no address: relabelling left __address__ empty"
    ]


async def test_the_name_of_its_file_can_become_a_label(tmp_path: Path) -> None:
    replace(tmp_path / "team-a.json", "h:1")
    rule = {
        "source_labels": ["__meta_filepath"],
        "regex": r".*/team-(.*)\.json",
        "target_label": "team",
    }
    files = [{"files": ["team-*.json"]}]
    watched = discovery(tmp_path, file_sd_configs=files, relabel_configs=[rule])
    await watched.refresh()
    assert dict(watched.targets[0].labels)["team"] == "a"


async def test_the_loop_does_not_wait_for_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.json")
    watched = discovery(tmp_path, file_sd_configs=[{"files": ["a.json"]}])
    async with watching(watched) as seen:
        await asyncio.sleep(0.05)
        assert seen == []
        with (tmp_path / "a.json").open("w") as pipe:
            pipe.write(json.dumps([{"targets": ["h:1"]}]))
        await eventually(lambda: seen)
    assert seen == [["http://h:1/metrics"]]
