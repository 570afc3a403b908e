"""Labels: what tells one series from another."""

from collections.abc import Mapping

NAME = "__name__"
"""The label that holds the metric's name."""

Labels = tuple[tuple[str, str], ...]
"""Pairs of name and value in the order of the names; none has an empty value."""


def labels_of(pairs: Mapping[str, str]) -> Labels:
    """Labels from a mapping. An empty value is the same as no label."""
    return tuple(sorted((name, value) for name, value in pairs.items() if value))


def format_labels(labels: Labels) -> str:
    """As Prometheus writes a series: `up{job="api"}`; names that need it are quoted."""
    name = next((value for key, value in labels if key == NAME), "")
    pairs = [f"{_name(key)}={_quoted(value)}" for key, value in labels if key != NAME]
    if name and not _is_plain(name):
        pairs, name = [_quoted(name), *pairs], ""
    return f"{name}{{{', '.join(pairs)}}}" if pairs or not name else name


def _name(name: str) -> str:
    return name if _is_plain(name) else _quoted(name)


def _is_plain(name: str) -> bool:
    return name.isascii() and name.replace(":", "_").isidentifier()


def _quoted(text: str) -> str:
    escaped = text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'"{escaped}"'
