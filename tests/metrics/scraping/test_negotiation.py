"""Jobs ask for formats, and answers are in one."""

import pytest

from opsbook.metrics.scraping.negotiation import accept, content_type
from tests.metrics.scraping.exposer import make_config


def test_all_formats_are_asked_for_in_the_order_of_prometheus() -> None:
    assert accept(make_config(1)) == (
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
        "application/openmetrics-text;version=0.0.1;q=0.5,"
        "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
        "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
    )


def test_a_job_chooses_its_formats_and_what_cannot_be_read_is_left_out() -> None:
    protocols = ["PrometheusProto", "PrometheusText0.0.4"]
    chosen = accept(make_config(1, scrape_protocols=protocols))
    assert chosen == "text/plain;version=0.0.4;q=0.6,*/*;q=0.5"


def test_a_job_with_json_asks_for_json() -> None:
    assert accept(make_config(1, json={"m": {"path": "a"}})).startswith("application/json")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("text/html", "text/plain;version=0.0.4"),
        ("", "text/plain;version=0.0.4"),
        ("application/openmetrics-text; version=1.0.0", None),
    ],
)
def test_the_fallback_counts_where_no_known_format_is_said(said: str, meant: str | None) -> None:
    config = make_config(1, fallback_scrape_protocol="PrometheusText0.0.4")
    assert content_type(config, said) == (meant or said)


def test_without_a_fallback_the_answer_has_the_word() -> None:
    assert content_type(make_config(1), "text/html") == "text/html"
