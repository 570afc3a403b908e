"""The same samples here and in a real Prometheus: the same requests have the same answers.

The real one is of version 2; where version 3 means something else it is not asked, and where it
adds a field that is named here.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

import httpx2
import pytest

from tests.requirement import needs_program
from tests.servers.loopback import free_port
from tests.servers.process import running
from tests.web.prometheus.conftest import Held
from tests.web.prometheus.data import openmetrics
from tests.web.prometheus.served import Client

pytestmark = pytest.mark.xdist_group("real prometheus")

V1 = "/api/v1"
NEW = ("droppedTargetCounts",)
"""What version 3 says and version 2 does not."""
SPAN = {"start": "{begin}", "end": "{end}"}
AT = "{begin}+907.25"


@pytest.fixture(scope="module")
def real(held: Held, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Debian's Prometheus over blocks made of the same samples."""
    prometheus = needs_program("prometheus")
    directory = tmp_path_factory.mktemp("prometheus")
    text, blocks = directory / "samples", directory / "data"
    text.write_text(openmetrics(held.samples), encoding="utf-8")
    make = [needs_program("promtool", "prometheus"), "tsdb", "create-blocks-from", "openmetrics"]
    subprocess.run([*make, str(text), str(blocks)], check=True, capture_output=True)
    (directory / "prometheus.yml").write_text("{}", encoding="utf-8")
    client = Client(f"http://127.0.0.1:{free_port()}")

    def ready() -> bool:
        try:
            return client.get("/-/ready").status_code == 200
        except httpx2.TransportError:
            return False

    argv = [prometheus, "--config.file=prometheus.yml", f"--storage.tsdb.path={blocks}"]
    argv.append(f"--web.listen-address={client.address.removeprefix('http://')}")
    with running(argv, directory, ready):
        yield client


REQUESTS: list[tuple[str, str, Mapping[str, Any]]] = [
    ("GET", "/query", {"query": "up", "time": AT}),
    ("GET", "/query", {"query": "load", "time": AT}),
    ("FORM", "/query", {"query": "sum by (job) (rate(requests_total[5m]))", "time": AT}),
    ("GET", "/query", {"query": "load[2m]", "time": AT}),
    ("GET", "/query", {"query": "took_seconds_bucket{le='+Inf'}", "time": AT}),
    ("GET", "/query", {"query": "-1e-7", "time": AT}),
    ("GET", "/query", {"query": "1e22", "time": AT}),
    ("GET", "/query", {"query": "vector(1e-7)", "time": AT}),
    ("GET", "/query", {"query": "vector(1e20)", "time": AT}),
    ("GET", "/query", {"query": '"a \\"text\\" <&>"', "time": AT}),
    ("GET", "/query", {"query": "nothing", "time": AT}),
    ("GET", "/query", {"query": "time()", "time": "2026-11-21T12:00:00.123Z"}),
    ("GET", "/query", {"query": "time()", "time": "2026-11-21T12:00:00.1234567+01:00"}),
    ("GET", "/query", {"query": "time()", "time": "1.0005"}),
    ("GET", "/query", {"query": "time()", "time": "-1.5"}),
    ("GET", "/query", {"query": "topk(2, requests_total)", "time": AT, "timeout": "1m30s"}),
    ("GET", "/query_range", {"query": "load", **SPAN, "step": "60"}),
    ("GET", "/query_range", {"query": "load > 0", **SPAN, "step": "1m"}),
    ("FORM", "/query_range", {"query": "increase(requests_total[97s])", **SPAN, "step": "77.5"}),
    ("GET", "/query_range", {"query": "gone", **SPAN, "step": "30s"}),
    ("GET", "/query_range", {"query": "1", **SPAN, "step": "5m", "timeout": "10"}),
    ("GET", "/query_range", {"query": "1", "start": "0", "end": "11000", "step": "1"}),
    ("GET", "/query_range", {"query": "1", "start": "0", "end": "11001", "step": "1"}),
    ("GET", "/series", {"match[]": "up"}),
    ("GET", "/series", {"match[]": ["up", '{job="db"}']}),
    ("GET", "/series", {"match[]": "up", **SPAN}),
    ("GET", "/series", {"match[]": "up", "start": "1", "end": "2"}),
    ("FORM", "/series", {"match[]": "nothing"}),
    ("GET", "/labels", {}),
    ("FORM", "/labels", {"match[]": "took_seconds_bucket"}),
    ("GET", "/label/job/values", {}),
    ("GET", "/label/job/values", {"match[]": 'load{instance=~"a.*"}'}),
    ("GET", "/label/__name__/values", {}),
    ("GET", "/label/nothing/values", {}),
    ("GET", "/label/job/values", {"start": "1", "end": "2"}),
    ("GET", "/query_exemplars", {"query": "up"}),
    ("GET", "/metadata", {}),
    ("GET", "/targets", {}),
    ("GET", "/targets", {"state": "active"}),
    ("GET", "/targets", {"state": "dropped"}),
    ("GET", "/targets/metadata", {}),
    ("GET", "/rules", {}),
    ("GET", "/alerts", {}),
    ("GET", "/alertmanagers", {}),
    ("GET", "/status/walreplay", {}),
    ("GET", "/format_query", {"query": "sum(rate(a[5m]))by(b)/c"}),
    ("FORM", "/format_query", {"query": "foo/bar"}),
]
REFUSED: list[tuple[str, str, Mapping[str, Any]]] = [
    ("GET", "/query", {}),
    ("GET", "/query", {"query": "{}"}),
    ("GET", "/query", {"query": "up", "time": "soon"}),
    ("GET", "/query", {"query": "up", "time": "2026-11-21"}),
    ("GET", "/query", {"query": "up", "timeout": "soon"}),
    ("GET", "/query", {"query": "up", "timeout": "1.5h"}),
    ("GET", "/query_range", {"query": "1"}),
    ("GET", "/query_range", {"query": "1", "start": "1", "end": "x", "step": "1"}),
    ("GET", "/query_range", {"query": "1", "start": "9", "end": "1", "step": "1"}),
    ("GET", "/query_range", {"query": "1", "start": "1", "end": "9", "step": "0"}),
    ("GET", "/query_range", {"query": "1", "start": "1", "end": "9", "step": "-5s"}),
    ("GET", "/query_range", {"query": "1", "start": "1", "end": "9", "step": "1e30"}),
    ("GET", "/query_range", {"query": "1", "start": "1", "end": "9", "step": "x"}),
    ("GET", "/query_range", {"query": "up[5m]", "start": "1", "end": "9", "step": "1"}),
    ("GET", "/query_range", {"query": '"a"', "start": "1", "end": "9", "step": "1"}),
    ("GET", "/series", {}),
    ("GET", "/series", {"match[]": '{a=""}'}),
    ("GET", "/series", {"match[]": "up", "start": "x"}),
    ("GET", "/labels", {"end": "x"}),
    ("GET", "/label/job/values", {"match[]": "{}"}),
    ("GET", "/metadata", {"limit": "x"}),
    ("GET", "/targets/metadata", {"limit": "x"}),
    ("GET", "/rules", {"type": "x"}),
    ("POST", "/admin/tsdb/delete_series", {"match[]": "up"}),
    ("PUT", "/admin/tsdb/clean_tombstones", {}),
    ("POST", "/admin/tsdb/snapshot", {}),
    ("GET", "/nothing", {}),
    ("POST", "/targets", {}),
]
MALFORMED: list[tuple[str, str, Mapping[str, Any]]] = [
    ("GET", "/query", {"query": "sum("}),
    ("GET", "/query", {"query": "up + on() up", "time": AT}),
    ("GET", "/query_range", {"query": "sum(", "start": "1", "end": "9", "step": "1"}),
    ("GET", "/series", {"match[]": "1+1"}),
    ("GET", "/labels", {"match[]": "sum(up)"}),
    ("GET", "/label/job/values", {"match[]": "up offset 5m"}),
    ("GET", "/targets/metadata", {"match_target": "{a="}),
    ("GET", "/format_query", {"query": "foo/"}),
]
FEDERATED = [[], ["up"], ["load", '{__name__=~"requests.*|up"}'], ["gone"], ["nothing"]]


@pytest.mark.parametrize(("method", "path", "given"), [*REQUESTS, *REFUSED])
def test_the_answer_is_the_same(
    held: Held, real: Client, method: str, path: str, given: Mapping[str, Any]
) -> None:
    assert asked(held, held.client, method, path, given) == asked(held, real, method, path, given)


@pytest.mark.parametrize(("method", "path", "given"), MALFORMED)
def test_what_is_malformed_is_refused_with_the_same_code_and_type(
    held: Held, real: Client, method: str, path: str, given: Mapping[str, Any]
) -> None:
    ours, theirs = (asked(held, one, method, path, given) for one in (held.client, real))
    for code, told in (ours, theirs):
        assert told.pop("error")
        assert code in (400, 422)
    assert ours == theirs


@pytest.mark.parametrize("selectors", FEDERATED)
def test_what_is_federated_is_the_same(held: Held, real: Client, selectors: list[str]) -> None:
    ours, theirs = (
        one.get("/federate", params={"match[]": selectors}) for one in (held.client, real)
    )
    assert (ours.status_code, ours.text) == (theirs.status_code, theirs.text)
    assert ours.headers["content-type"].startswith("text/plain; version=0.0.4")


@pytest.mark.parametrize("path", ["/status/buildinfo", "/status/runtimeinfo", "/status/tsdb"])
def test_what_is_said_of_the_server_has_the_same_fields(
    held: Held, real: Client, path: str
) -> None:
    missing = set(real.data(path)) - set(held.client.data(path))
    assert missing == set()


def asked(
    held: Held, client: Client, method: str, path: str, given: Mapping[str, Any]
) -> tuple[int, Any]:
    """Code and JSON, series in one order: Prometheus promises none."""
    times = {"{begin}": held.begin, "{end}": held.end, AT: held.begin + 907.25}
    sent = {
        name: str(times.get(value, value)) if isinstance(value, str) else value
        for name, value in given.items()
    }
    kind = "data" if method == "FORM" else "params"
    answer = client.send("POST" if method == "FORM" else method, V1 + path, **{kind: sent})
    if not answer.headers["content-type"].startswith("application/json"):
        return answer.status_code, answer.text
    return answer.status_code, ordered(answer.json())


def ordered(told: dict[str, Any]) -> dict[str, Any]:
    data = told.get("data")
    if isinstance(data, dict):
        for name in NEW:
            data.pop(name, None)
        if data.get("resultType") in ("vector", "matrix"):
            data["result"].sort(key=lambda each: json.dumps(each["metric"], sort_keys=True))
    return told
