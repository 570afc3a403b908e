"""Opsbook's own metrics and every check's, in Prometheus' text format 0.0.4."""

import os
import resource
import time

import opsbook
from opsbook.core.procfs import open_files, usage
from opsbook.probes.model import State
from opsbook.web.alerting_exposition import add_alerting
from opsbook.web.family import add_family
from opsbook.web.status import StatusView
from opsbook.web.store_health import StoreHealth

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_STARTED = time.time()
_REASONS = ("duplicate", "in the future", "no room", "too old")
"""Shown from the start, so that a first refusal is an increase."""


def expose(view: StatusView) -> str:
    """All metrics at this moment."""
    lines: list[str] = []
    _check_metrics(view, lines)
    _service_metrics(view, lines)
    _store_metrics(view.samples, lines)
    add_alerting(view.alerting, lines)
    for add in view.families:
        add(lines)
    _own_metrics(view, lines)
    return "\n".join(lines) + "\n"


def _check_metrics(view: StatusView, lines: list[str]) -> None:
    checks = list(view.watch.checks.values())
    labels = {
        check.name: {"check": check.name, "service": check.settings.service or ""}
        for check in checks
    }
    add_family(
        lines,
        "opsbook_check_state",
        "1 for the state in which a check is, 0 for the others.",
        (
            ({**labels[check.name], "state": state.value}, float(shown is state))
            for check in checks
            for shown in (view.watch.shown_state(check),)
            for state in State
        ),
    )
    add_family(
        lines,
        "opsbook_check_duration_seconds",
        "How long the last look took.",
        ((labels[c.name], c.outcome.duration) for c in checks if c.outcome),
    )
    add_family(
        lines,
        "opsbook_check_last_look_timestamp_seconds",
        "When the last look began; not among the samples, which have times of their own.",
        ((labels[c.name], c.outcome.at) for c in checks if c.outcome),
    )
    add_family(
        lines,
        "opsbook_check_measurement",
        "What the last look measured, in seconds, bytes, percent or a count.",
        (
            ({**labels[check.name], "measurement": name}, float(value))
            for check in checks
            if check.outcome
            for name, value in check.outcome.measurements.items()
            if not isinstance(value, str)
        ),
    )


def _service_metrics(view: StatusView, lines: list[str]) -> None:
    keepers = list(view.services.keepers.values())
    now = time.time()
    add_family(
        lines,
        "opsbook_service_state",
        "1 for the state in which a service is, 0 for the others.",
        (
            ({"service": keeper.name, "state": state.value}, float(shown is state))
            for keeper in keepers
            for shown in (keeper.state(),)
            for state in State
        ),
    )
    add_family(
        lines,
        "opsbook_service_restarts_left",
        "Restarts that the budget of a service still allows.",
        (({"service": keeper.name}, keeper.budget.left(now)) for keeper in keepers),
    )


def _store_metrics(samples: StoreHealth, lines: list[str]) -> None:
    """Counts that nobody has looked up yet are left out, for 0 would be wrong."""
    stats = samples.stats
    if stats is not None:
        for name, text, count in (
            ("opsbook_metrics_series", "Series that are kept.", stats.series),
            ("opsbook_metrics_samples", "Samples that are kept.", stats.samples),
            ("opsbook_metrics_disk_bytes", "What the samples' directory takes.", stats.disk_bytes),
            ("opsbook_metrics_log_bytes", "The share of the log in it.", stats.log_bytes),
            ("opsbook_metrics_problems", "Files of samples found damaged.", len(stats.problems)),
        ):
            if count is not None:
                add_family(lines, name, text, [({}, count)])
        refused = dict.fromkeys(_REASONS, 0) | dict(stats.refused)
        add_family(
            lines,
            "opsbook_metrics_samples_refused_total",
            "Samples that were not taken, by reason.",
            (({"reason": reason}, refused[reason]) for reason in sorted(refused)),
            "counter",
        )
    troubled = float(samples.trouble is not None)
    for name, kind, text, value in (
        ("opsbook_metrics_waiting", "gauge", "Outcomes not yet in the store.", samples.waiting),
        ("opsbook_metrics_lost_total", "counter", "Outcomes whose samples are lost.", samples.lost),
        ("opsbook_metrics_trouble", "gauge", "1 while samples might be lost.", troubled),
    ):
        add_family(lines, name, text, [({}, value)], kind)


def _own_metrics(view: StatusView, lines: list[str]) -> None:
    taken = resource.getrusage(resource.RUSAGE_SELF)
    me = usage(os.getpid())
    memory = me.memory_bytes if me else 0
    build = {"version": opsbook.__version__, "platform": view.platform}
    add_family(lines, "opsbook_build_info", "Always 1.", [(build, 1)])
    for name, kind, text, value in (
        ("opsbook_looks_total", "counter", "Looks taken since the start.", view.watch.looks),
        ("opsbook_ledger_waiting", "gauge", "Entries not yet on disk.", view.ledger.waiting),
        ("opsbook_ledger_lost_total", "counter", "Entries given up.", view.ledger.lost),
        (
            "process_cpu_seconds_total",
            "counter",
            "CPU time of this process.",
            taken.ru_utime + taken.ru_stime,
        ),
        ("process_resident_memory_bytes", "gauge", "Resident memory.", memory),
        ("process_open_fds", "gauge", "Open file descriptors.", open_files(os.getpid()) or 0),
        ("process_start_time_seconds", "gauge", "When this process started.", _STARTED),
    ):
        add_family(lines, name, text, [({}, value)], kind)
