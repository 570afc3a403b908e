"""Answers as they go over the wire."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from opsbook.core.labels import labels_of
from opsbook.metrics.promql.result import Result, Series
from opsbook.web.prometheus.answers import body_of, query_answer, success
from tests.web.prometheus.conftest import Held

LARGE = {"query": "load", "step": "1s"}


def matrix(series: int, points: int) -> Result:
    times = np.arange(points, dtype=np.int64) * 1000
    return Result(
        "matrix",
        [
            Series(labels_of({"i": str(number)}), times, np.random.default_rng(1).random(points))
            for number in range(series)
        ],
    )


def whole(pieces: Iterator[bytes], packing: bool) -> bytes:
    body = body_of(pieces, packing)
    return body.first + b"".join(body.rest or ())


def test_a_large_answer_comes_in_pieces_and_is_one_json() -> None:
    body = body_of(success(query_answer(matrix(50, 1000), 0, 0)), packing=False)
    assert body.rest is not None
    pieces = [body.first, *body.rest]
    assert 3 < len(pieces) < 20
    result = json.loads(b"".join(pieces))["data"]["result"]
    assert [len(each["values"]) for each in result] == [1000] * 50


def test_a_packed_answer_is_the_same() -> None:
    plain = whole(success(query_answer(matrix(50, 1000), 0, 0)), packing=False)
    packed = whole(success(query_answer(matrix(50, 1000), 0, 0)), packing=True)
    assert gzip.decompress(packed) == plain
    assert len(packed) < len(plain) / 2


def test_a_small_answer_is_not_packed() -> None:
    assert not body_of(success(query_answer(matrix(1, 10), 0, 0)), packing=True).packed


def test_remarks_stand_beside_the_data() -> None:
    result = Result("vector", warnings=["beware"], infos=["by the way"])
    told: dict[str, Any] = json.loads(whole(success(query_answer(result, 0, 0)), False))
    assert told == {
        "status": "success",
        "data": {"resultType": "vector", "result": []},
        "warnings": ["beware"],
        "infos": ["by the way"],
    }


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [("gzip", True), ("br, GZIP;q=0.5", True), ("identity", False), ("gzip;q=0", False)],
)
def test_a_client_gets_the_coding_that_it_takes(held: Held, accepted: str, packed: bool) -> None:
    given = {**LARGE, "start": held.begin, "end": held.end}
    answer = held.client.get(
        "/api/v1/query_range", params=given, headers={"Accept-Encoding": accepted}
    )
    assert (answer.headers.get("content-encoding") == "gzip") is packed
    assert len(answer.json()["data"]["result"]) == 3


@pytest.mark.parametrize("path", ["/series", "/labels", "/label/job/values", "/query"])
def test_a_limit_cuts_and_says_so(held: Held, path: str) -> None:
    given = {"match[]": '{job=~".+"}', "query": "up", "limit": "1", "time": held.end}
    told = held.client.get(f"/api/v1{path}", params=given).json()
    data = told["data"]["result"] if path == "/query" else told["data"]
    assert len(data) == 1
    assert told["warnings"] == ["results truncated due to limit"]


@pytest.mark.parametrize(
    ("limit", "error"),
    [
        ("-1", 'invalid parameter "limit": limit must be non-negative'),
        ("x", 'invalid parameter "limit": strconv.Atoi: parsing "x": invalid syntax'),
    ],
)
def test_a_limit_must_be_one(held: Held, limit: str, error: str) -> None:
    answer = held.client.get("/api/v1/labels", params={"limit": limit})
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_statistics_tell_how_long_it_took(held: Held) -> None:
    told = held.client.data("/query", query="up", stats="all")
    assert told["stats"]["timings"]["evalTotalTime"] > 0


def test_a_lookback_may_be_given(held: Held) -> None:
    given = {"query": "count(gone)", "time": held.begin + 900 + 60}
    assert held.client.data("/query", **given)["result"] != []
    assert held.client.data("/query", **given, lookback_delta="30s")["result"] == []
    answer = held.client.get("/api/v1/query", params={**given, "lookback_delta": "x"})
    assert answer.json()["error"] == (
        'error parsing lookback delta duration: cannot parse "x" to a valid duration'
    )
