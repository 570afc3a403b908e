"""Targets, and what the metrics that they expose are."""

from collections.abc import Mapping
from typing import Any

from opsbook.metrics.metadata import Metadata
from opsbook.metrics.promql.errors import QueryError
from opsbook.metrics.scraping.status import TargetStatus
from opsbook.web.prometheus.errors import ApiError, invalid
from opsbook.web.prometheus.matching import matches
from opsbook.web.prometheus.parameters import Parameters, selector
from opsbook.web.prometheus.sources import Sources
from opsbook.web.prometheus.times import duration_text, moment_text


def scrape_targets(sources: Sources, given: Parameters) -> dict[str, Any]:
    """The answer of `/targets`."""
    state, pool = given.text("state").lower() or "any", given.text("scrapePool")
    found: dict[str, Any] = {"activeTargets": [], "droppedTargets": []}
    if state in ("any", "active"):
        active = sorted(sources.targets.targets(), key=lambda each: (each.job, each.url))
        found["activeTargets"] = [_target(each) for each in active if pool in ("", each.job)]
    if state in ("any", "dropped"):
        dropped = sorted(sources.targets.dropped(), key=lambda each: each.job)
        found["droppedTargets"] = [
            {"discoveredLabels": dict(each.discovered), "scrapePool": each.job}
            for each in dropped
            if pool in ("", each.job)
        ]
        counts = dict.fromkeys(scrape_pools(sources)["scrapePools"], 0)
        for each in dropped:
            counts[each.job] += 1
        found["droppedTargetCounts"] = counts
    return found


def scrape_pools(sources: Sources) -> dict[str, Any]:
    active = {each.job for each in sources.targets.targets()}
    return {"scrapePools": sorted(active | {each.job for each in sources.targets.dropped()})}


def metric_metadata(sources: Sources, given: Parameters) -> dict[str, Any]:
    """The answer of `/metadata`."""
    most, each = given.count("limit"), given.count("limit_per_metric")
    known = list(sources.catalogue.everything(given.text("metric") or None).items())
    return {
        name: [_metadata(one) for one in (several if each < 1 else several[:each])]
        for name, several in (known if most < 0 else known[:most])
    }


def target_metadata(sources: Sources, given: Parameters) -> list[dict[str, Any]]:
    """The answer of `/targets/metadata`; `limit` counts targets' entries, a target at a time."""
    most, metric, text = given.count("limit"), given.text("metric"), given.text("match_target")
    try:
        matchers = selector(text) if text else ()
    except (ApiError, QueryError) as error:
        raise invalid("match_target", str(error)) from None
    found: list[dict[str, Any]] = []
    for target in sources.targets.targets():
        if 0 <= most <= len(found):
            break
        if matches(dict(target.labels), matchers):
            known = sources.catalogue.of(target.key)
            found += _of_target(target, known, metric)
    return found


def _of_target(
    target: TargetStatus, known: Mapping[str, Metadata], metric: str
) -> list[dict[str, Any]]:
    labels = dict(target.labels)
    if metric:
        return [{"target": labels, **_metadata(known[metric])}] if metric in known else []
    return [{"target": labels, "metric": name, **_metadata(one)} for name, one in known.items()]


def _metadata(one: Metadata) -> dict[str, str]:
    return {"type": one.type, "help": one.help, "unit": one.unit}


def _target(target: TargetStatus) -> dict[str, Any]:
    return {
        "discoveredLabels": dict(target.discovered),
        "labels": dict(target.labels),
        "scrapePool": target.job,
        "scrapeUrl": target.url,
        "globalUrl": target.url,
        "lastError": target.error,
        "lastScrape": moment_text(target.last_scrape),
        "lastScrapeDuration": target.last_duration or 0,
        "health": target.health,
        "scrapeInterval": duration_text(target.interval),
        "scrapeTimeout": duration_text(target.timeout),
    }
