"""One metric with all its samples, in Prometheus' text format 0.0.4."""

import math
from collections.abc import Iterable, Mapping


def add_family(
    lines: list[str],
    name: str,
    text: str,
    samples: Iterable[tuple[Mapping[str, str], float]],
    kind: str = "gauge",
) -> None:
    """Append its lines."""
    lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
    for labels, value in samples:
        inside = ",".join(f'{key}="{_escape(text)}"' for key, text in labels.items())
        lines.append(
            f"{name}{{{inside}}} {_number(value)}" if inside else f"{name} {_number(value)}"
        )


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return "NaN" if math.isnan(value) else repr(value)
