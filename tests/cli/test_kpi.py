"""`opsbook kpi`"""

import json
import subprocess
from pathlib import Path

from tests.cli.run import opsbook, opsbook_up
from tests.servers.loopback import free_port
from tests.services.platform import one_service, small_book, small_service

KPIS = {
    "greets": {
        "expression": 'avg(avg_over_time(opsbook_check_state{state="up"}[1m])) * 100',
        "unit": "percent",
        "direction": "higher",
        "target": "> 10 %",
        "every": "500ms",
    },
    "greets-fast": {
        "expression": 'opsbook_check_duration_seconds{check="a-greets"}',
        "unit": "seconds",
        "direction": "lower",
        "target": "< 1us",
        "warning": "> 2us",
        "critical": "> 3us",
        "every": "500ms",
    },
}


def book_with(directory: Path, names: list[str]) -> Path:
    file = small_book(directory, a=small_service(directory, "a", free_port()))
    book = json.loads(file.read_text(encoding="utf-8"))
    book["kpis"] = {name: KPIS[name] for name in names}
    file.write_text(json.dumps(book), encoding="utf-8")
    return file


def kpi_once_known(data: Path) -> "subprocess.CompletedProcess[str]":
    for _ in range(200):
        if "unknown" not in (ran := opsbook("kpi", "--data", data)).stdout:
            return ran
    raise AssertionError(ran.stdout)


def test_they_are_listed_worst_first_and_the_worst_is_the_exit_code(tmp_path: Path) -> None:
    book, data = book_with(tmp_path, ["greets", "greets-fast"]), tmp_path / "data"
    with opsbook_up(book, data):
        first = opsbook("kpi", "--data", data)
        ran = kpi_once_known(data)
        answer = json.loads(opsbook("kpi", "--data", data, "--json").stdout)
    opsbook("down", book, "--data", data)
    assert (first.returncode, first.stdout.count("not evaluated yet")) == (3, 2)
    heading, worst, best = ran.stdout.splitlines()
    assert heading.split() == ["STATE", "KPI", "VALUE", "TARGET"]
    assert worst.startswith("critical  greets-fast  ")
    assert worst.endswith(" is > 3us")
    assert best.split()[:2] == ["met", "greets"]
    assert ran.returncode == 2
    assert [each["name"] for each in answer["kpis"]] == ["greets-fast", "greets"]


def test_what_is_met_is_no_failure(tmp_path: Path) -> None:
    book, data = book_with(tmp_path, ["greets"]), tmp_path / "data"
    with opsbook_up(book, data):
        ran = kpi_once_known(data)
    opsbook("down", book, "--data", data)
    assert ran.returncode == 0


def test_a_book_without_kpis_says_so(tmp_path: Path) -> None:
    book, data = one_service(tmp_path), tmp_path / "data"
    with opsbook_up(book, data):
        ran = opsbook("kpi", "--data", data)
    opsbook("down", book, "--data", data)
    assert (ran.returncode, ran.stdout) == (0, "the book declares no KPIs\n")


def test_nobody_to_ask_is_no_answer(tmp_path: Path) -> None:
    assert opsbook("kpi", "--data", tmp_path / "none").returncode == 3
