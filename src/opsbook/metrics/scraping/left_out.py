"""What Prometheus' configuration can say and Opsbook does not carry out, and what to do instead."""

from typing import NamedTuple


class LeftOut(NamedTuple):
    """One key."""

    instead: str
    unless: tuple[str, ...] = ()
    """Values that ask for nothing which Opsbook does not do."""


_NATIVE_HISTOGRAMS = LeftOut("histograms are read in their classic form", ("false",))
_NAMES = LeftOut("names may hold any UTF-8, and are not rewritten", ("utf8", "allow-utf-8"))
_FAILURE_LOG = LeftOut("failures are in Opsbook's own log and in the state of each target")
_DISCOVERY = LeftOut(
    "let a program write the targets to a file and name that under file_sd_configs; "
    "the job's static_configs and file_sd_configs are scraped"
)
_DISCOVERIES = (
    "aws",
    "azure",
    "consul",
    "digitalocean",
    "dns",
    "docker",
    "dockerswarm",
    "ec2",
    "eureka",
    "gce",
    "hetzner",
    "http",
    "ionos",
    "kubernetes",
    "kuma",
    "lightsail",
    "linode",
    "marathon",
    "nerve",
    "nomad",
    "openstack",
    "outscale",
    "ovhcloud",
    "puppetdb",
    "scaleway",
    "serverset",
    "stackit",
    "triton",
    "uyuni",
    "vultr",
)
_PROXY = LeftOut("targets are asked without a proxy")

_TIMING = {
    "scrape_native_histograms": _NATIVE_HISTOGRAMS,
    "always_scrape_classic_histograms": LeftOut("they always are", ("true", "false")),
    "convert_classic_histograms_to_nhcb": _NATIVE_HISTOGRAMS,
    "scrape_failure_log_file": _FAILURE_LOG,
    "metric_name_validation_scheme": _NAMES,
    "metric_name_escaping_scheme": _NAMES,
    "extra_scrape_metrics": LeftOut("scrape_timeout_seconds and its like are not kept", ("false",)),
}

TOP = {
    "alerting": LeftOut("Opsbook sends notifications itself, as its book says"),
    "remote_write": LeftOut("samples stay in Opsbook's store, which answers PromQL"),
    "remote_read": LeftOut("queries see the samples in Opsbook's store alone"),
    "storage": LeftOut("the book says under metrics how samples are stored"),
    "tracing": LeftOut("Opsbook sends no traces"),
    "otlp": LeftOut("Opsbook receives no OTLP"),
    "runtime": LeftOut("it is about Go, which Opsbook is not written in"),
    "scrape_config_files": LeftOut("name each file's jobs under scrape_configs, or in the book"),
}
"""Beside `global`, `scrape_configs` and `rule_files`."""

GLOBAL = {
    **_TIMING,
    "query_log_file": LeftOut("queries are not logged"),
}

JOB = {
    **_TIMING,
    **{f"{name}_sd_configs": _DISCOVERY for name in _DISCOVERIES},
    "scrape_classic_histograms": LeftOut("they always are", ("true", "false")),
    "native_histogram_bucket_limit": _NATIVE_HISTOGRAMS,
    "native_histogram_min_bucket_factor": _NATIVE_HISTOGRAMS,
    "oauth2": LeftOut("write a token to a file and name that under authorization"),
    "enable_http2": LeftOut("targets are asked in HTTP/1.1", ("false",)),
    "http_headers": LeftOut("only basic_auth and authorization are sent"),
    "proxy_url": _PROXY,
    "proxy_from_environment": LeftOut("targets are asked without a proxy", ("false",)),
    "proxy_connect_header": _PROXY,
    "no_proxy": LeftOut("targets are asked without a proxy in any case", ("",)),
}
