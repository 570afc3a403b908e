"""Which formats a job asks its targets for, and in which an answer came."""

from opsbook.metrics.scraping.settings import ScrapeConfig, ScrapeProtocol

_MEDIA_TYPES: dict[ScrapeProtocol, str] = {
    "OpenMetricsText1.0.0": "application/openmetrics-text;version=1.0.0",
    "OpenMetricsText0.0.1": "application/openmetrics-text;version=0.0.1",
    "PrometheusText1.0.0": "text/plain;version=1.0.0",
    "PrometheusText0.0.4": "text/plain;version=0.0.4",
}
"""What can be read, the best first: OpenMetrics tells when an answer was cut off."""
_NAMES_IN_FULL = ("OpenMetricsText1.0.0", "PrometheusText1.0.0")
"""Formats that can have names in UTF-8, if asked."""


def accept(config: ScrapeConfig) -> str:
    """The `Accept` header, with the qualities that Prometheus 3 gives."""
    if config.json_values:
        return "application/json,*/*;q=0.1"
    quality = len(_MEDIA_TYPES) + 2
    ranges = []
    for protocol in config.scrape_protocols or _MEDIA_TYPES:
        if protocol in _MEDIA_TYPES:
            full = ";escaping=allow-utf-8" if protocol in _NAMES_IN_FULL else ""
            ranges.append(f"{_MEDIA_TYPES[protocol]}{full};q=0.{quality}")
            quality -= 1
    return ",".join([*ranges, f"*/*;q=0.{quality}"])


def content_type(config: ScrapeConfig, said: str) -> str:
    """What the answer says that it is, or what the job says where that is no format of ours."""
    fallback = _MEDIA_TYPES.get(config.fallback_scrape_protocol or "PrometheusProto")
    known = {media.partition(";")[0] for media in _MEDIA_TYPES.values()}
    media = said.partition(";")[0].strip().lower()
    return said if fallback is None or media in known else fallback
