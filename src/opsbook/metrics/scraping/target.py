"""What was found, relabelled: a target to scrape, or one that is dropped or refused.

Source: `scrape_config` and `relabel_config` in Prometheus' documentation, version 3; no port is
added to an address, as there.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from opsbook.core.labels import Labels, labels_of
from opsbook.metrics.durations import format_duration, parse_duration
from opsbook.metrics.scraping.relabel import relabel
from opsbook.metrics.scraping.settings import ScrapeConfig, StaticConfig
from opsbook.metrics.scraping.status import DroppedTarget

_PARAM = "__param_"
_IN_HOST = "!$&'()*+,;=:[]<>\""
_IN_PATH = "$&+,/:;=@"
"""What Go leaves as it is in URLs, beside letters, digits and `-_.~`."""


@dataclass(frozen=True)
class Target:
    """One URL to scrape."""

    job: str
    """The job's name in the configuration; the label `job` may differ."""
    url: str
    """With its parameters."""
    labels: Labels
    """What every series of it carries: `job`, `instance` and those that were given."""
    discovered: Labels
    """Before relabelling."""
    interval: float
    """Seconds, as the timeout."""
    timeout: float
    config: ScrapeConfig = field(hash=False)
    key: str
    """A name that lasts as long as job, URL and labels stay the same, and is nobody else's."""


@dataclass(frozen=True, slots=True)
class RefusedTarget:
    """Was found, and cannot be scraped."""

    job: str
    discovered: Labels
    reason: str

    def __str__(self) -> str:
        address = dict(self.discovered).get("__address__", "")
        return f"job {self.job}, target {address!r}: {self.reason}"


def targets(
    config: ScrapeConfig, groups: Iterable[StaticConfig]
) -> tuple[list[Target], list[DroppedTarget]]:
    """What relabelling leaves and what it drops; the refused are told by `examined` only."""
    found = list(examined(config, groups))
    return (
        [target for target in found if isinstance(target, Target)],
        [target for target in found if isinstance(target, DroppedTarget)],
    )


def examined(
    config: ScrapeConfig, groups: Iterable[StaticConfig]
) -> Iterator[Target | DroppedTarget | RefusedTarget]:
    """Every target of the groups, in their order; of those with the same key, the first.

    No more of the dropped ones than the job's `keep_dropped_targets`.
    """
    keys: set[str] = set()
    dropped = 0
    for group in groups:
        for address in group.targets:
            found = _examine(config, _discovered(config, group, address))
            if isinstance(found, Target):
                if found.key in keys:
                    continue
                keys.add(found.key)
            elif isinstance(found, DroppedTarget):
                dropped += 1
                if config.keep_dropped_targets and dropped > config.keep_dropped_targets:
                    continue
            yield found


def _discovered(config: ScrapeConfig, group: StaticConfig, address: str) -> dict[str, str]:
    given = {**group.labels, "__address__": address}
    assumed = {
        "job": config.job_name,
        "__scrape_interval__": format_duration(config.interval),
        "__scrape_timeout__": format_duration(config.timeout),
        "__metrics_path__": config.metrics_path,
        "__scheme__": config.scheme,
        **{_PARAM + name: values[0] for name, values in config.params.items() if values},
    }
    labels = {name: value for name, value in given.items() if value}
    return {**{name: value for name, value in assumed.items() if value}, **labels}


def _examine(
    config: ScrapeConfig, discovered: Mapping[str, str]
) -> Target | DroppedTarget | RefusedTarget:
    before = labels_of(discovered)
    labels = relabel(discovered, config.relabel_configs)
    if labels is None:
        return DroppedTarget(config.job_name, before)
    try:
        address = _address(labels)
        interval, timeout = _times(labels)
        url = _url(config, labels, address)
    except ValueError as error:
        return RefusedTarget(config.job_name, before, str(error))
    public = {name: value for name, value in labels.items() if not name.startswith("__")}
    after = labels_of({"instance": address, **public})
    key = _key(config.job_name, url, after)
    return Target(config.job_name, url, after, before, interval, timeout, config, key)


def _address(labels: Mapping[str, str]) -> str:
    address = labels.get("__address__", "")
    if not address:
        raise ValueError("no address: relabelling left __address__ empty")
    if "/" in address:
        raise ValueError(f"{address!r} is no address: write host:port, without a slash")
    return address


def _times(labels: Mapping[str, str]) -> tuple[float, float]:
    interval = _time("scrape interval", labels.get("__scrape_interval__", ""))
    timeout = _time("scrape timeout", labels.get("__scrape_timeout__", ""))
    if timeout > interval:
        longer, shorter = format_duration(timeout), format_duration(interval)
        raise ValueError(f"scrape timeout {longer} is longer than scrape interval {shorter}")
    return interval, timeout


def _time(what: str, text: str) -> float:
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise ValueError(f"{what} {text!r}: {error}") from None
    if not seconds:
        raise ValueError(f"{what} is 0")
    return seconds


def _url(config: ScrapeConfig, labels: Mapping[str, str], address: str) -> str:
    """As Go would write it, so that it is the same URL that Prometheus shows."""
    path = labels.get("__metrics_path__", "")
    path = f"/{path}" if path and not path.startswith("/") else path
    query = urlencode(_params(config, labels), doseq=True)
    scheme = f"{labels['__scheme__']}:" if "__scheme__" in labels else ""
    where = f"{scheme}//{quote(address, _IN_HOST)}{quote(path, _IN_PATH)}"
    return f"{where}?{query}" if query else where


def _params(config: ScrapeConfig, labels: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """The job's, of which labels replace the first value."""
    params = dict(config.params)
    for label, value in labels.items():
        if label.startswith(_PARAM):
            name = label.removeprefix(_PARAM)
            params[name] = [value, *params.get(name, [])[1:]]
    return sorted(params.items())


def _key(job: str, url: str, labels: Labels) -> str:
    digest = hashlib.sha256(repr((job, url, labels)).encode()).hexdigest()
    return f"scrape/{job}/{digest[:24]}"
