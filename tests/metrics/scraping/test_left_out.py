"""What is left out: nothing of it is carried out after all, and each key is one of Prometheus'."""

import pytest

from opsbook.book.model import Section
from opsbook.metrics.scraping.configuration import Configuration, Global
from opsbook.metrics.scraping.left_out import GLOBAL, JOB, TOP, LeftOut
from opsbook.metrics.scraping.settings import ScrapeConfig


@pytest.mark.parametrize(
    ("table", "section"),
    [(TOP, Configuration), (GLOBAL, Global), (JOB, ScrapeConfig)],
    ids=["top", "global", "job"],
)
def test_nothing_is_both_left_out_and_carried_out(
    table: dict[str, LeftOut], section: type[Section]
) -> None:
    assert not table.keys() & section.model_fields.keys()


@pytest.mark.parametrize("name", ["kubernetes", "consul", "dns", "http", "ec2", "docker"])
def test_other_discoveries_are_known(name: str) -> None:
    assert f"{name}_sd_configs" in JOB


def test_what_to_do_instead_is_told() -> None:
    for left_out in (*TOP.values(), *GLOBAL.values(), *JOB.values()):
        assert len(left_out.instead.split()) > 2
