"""The KPI tables of five operations manuals, with their own numbers and signs.

Each KPI: its bands as a book has them, and values with the state that the manual gives them.
"""

from typing import Any

Judged = dict[str, list[Any]]
Table = dict[str, tuple[dict[str, Any], Judged]]


def kpi(unit: str, direction: str, target: Any, warning: Any = None, critical: Any = None) -> Any:
    bands = {"target": target, "warning": warning, "critical": critical}
    given = {key: value for key, value in bands.items() if value is not None}
    return {"expression": "x", "unit": unit, "direction": direction, **given}


def _one_band(unit: str, target: str, good: list[Any], breach: list[Any]) -> Any:
    direction = "higher" if target.startswith((">", "1")) else "lower"
    return kpi(unit, direction, target), {"met": good, "warning": breach}


AGENTS: Table = {
    "consensus rate": _one_band("percent", "> 85 %", [85.01, 100], [85, 12]),
    "average response time": _one_band("seconds", "< 5s", [4.99, 0], [5, 60]),
    "completion rate": _one_band("percent", "> 95 %", [95.1], [95, 94.9]),
    "participant engagement": _one_band("percent", "> 80 %", [81], [80]),
    "CPU": _one_band("percent", "< 80 %", [79.9], [80, 100]),
    "memory": _one_band("percent", "< 85 %", [84.9], [85]),
    "disk": _one_band("percent", "< 90 %", [89.9], [90]),
    "network latency": _one_band("seconds", "< 100ms", [0.0999], [0.1, 1]),
    "error rate": _one_band("percent", "< 1 %", [0, 0.99], [1]),
    "timeout rate": _one_band("percent", "< 0.5 %", [0.49], [0.5]),
    "retry rate": _one_band("percent", "< 2 %", [1.99], [2]),
    "circuit-breaker opens": _one_band("percent", "< 0.1 %", [0.09], [0.1]),
}

ECOSYSTEM: Table = {
    "health score": (
        kpi("percent", "higher", "95 %", None, None),
        {"met": [95, 100], "warning": [94.9]},
    ),
    "mean response": (
        kpi("seconds", "lower", "500ms", "> 1000ms", "> 2000ms"),
        {"met": [0.5], "off_target": [0.6, 1.0], "warning": [1.1, 2.0], "critical": [2.01]},
    ),
    "error rate": (
        kpi("percent", "lower", "1 %", "> 2 %", "> 5 %"),
        {"met": [1], "off_target": [2], "warning": [2.1, 5], "critical": [5.1]},
    ),
    "connection pool": (
        kpi("percent", "lower", "80 %", "> 80 %", "> 95 %"),
        {"met": [80], "warning": [80.1, 95], "critical": [95.1]},
    ),
    "privacy score": (
        kpi("percent", "higher", "100 %", "< 95 %", "< 90 %"),
        {"met": [100], "off_target": [95, 99.9], "warning": [94.9, 90], "critical": [89.9]},
    ),
}

CONSCIOUSNESS: Table = {
    "memory stability": (
        kpi("ratio", "higher", "99.51 %", "< 99 %", "< 98 %"),
        {"met": [0.9951, 1], "off_target": [0.995, 0.99], "warning": [0.985], "critical": [0.97]},
    ),
    "processing time": (
        kpi("seconds", "lower", "< 500ms", "> 1000ms"),
        {"met": [0.499], "off_target": [0.5, 1.0], "warning": [1.01, 30]},
    ),
}

INFERENCE: Table = {
    "service availability": _one_band("percent", "> 99.9 %", [99.95], [99.9, 99]),
    "API response time": _one_band("seconds", "< 200ms", [0.199], [0.2]),
    "database query time": _one_band("seconds", "< 100ms", [0.099], [0.1]),
    "certificate validity": _one_band("seconds", "> 30d", [31 * 86_400], [30 * 86_400, -1]),
    "backup success": _one_band("percent", "100 %", [100], [99.9, 0]),
    "non-critical security events": _one_band("number", "< 5", [0, 4], [5, 6]),
    "mean time to recovery": _one_band("seconds", "< 15m", [899], [900]),
    "mean time between failures": _one_band("seconds", "> 30d", [2_592_001], [2_592_000]),
    "change success rate": _one_band("percent", "> 95 %", [95.1], [95]),
    "customer satisfaction": _one_band("number", "> 4.5", [4.6, 5.0], [4.5]),
    "compliance score": _one_band("percent", "100 %", [100], [99]),
}

GRAPHICS: Table = {
    "system uptime": (
        kpi("percent", "higher", "> 99.9 %", "< 99.5 %", "< 99 %"),
        {"met": [99.91], "off_target": [99.9, 99.5], "warning": [99.49, 99], "critical": [98.9]},
    ),
    "API response": (
        kpi("seconds", "lower", "< 100ms", "> 200ms", "> 500ms"),
        {"met": [0.099], "off_target": [0.1, 0.2], "warning": [0.201, 0.5], "critical": [0.51]},
    ),
    "WebSocket latency": (
        kpi("seconds", "lower", "< 16ms", "> 33ms", "> 50ms"),
        {"met": [0.015], "off_target": [0.016, 0.033], "warning": [0.034], "critical": [0.051]},
    ),
    "error rate": (
        kpi("percent", "lower", "< 1 %", "> 2 %", "> 5 %"),
        {"met": [0.5], "off_target": [1, 2], "warning": [2.1, 5], "critical": [5.1]},
    ),
    "memory": (
        kpi("percent", "lower", "< 70 %", "> 80 %", "> 90 %"),
        {"met": [69], "off_target": [70, 80], "warning": [81, 90], "critical": [91]},
    ),
    "CPU": (
        kpi("percent", "lower", "< 60 %", "> 75 %", "> 85 %"),
        {"met": [59], "off_target": [60, 75], "warning": [76, 85], "critical": [86]},
    ),
    "agent processing per 100 agents": (
        kpi("seconds", "lower", "< 4ms", "> 6ms", "> 10ms"),
        {"met": [0.003], "off_target": [0.004, 0.006], "warning": [0.007], "critical": [0.011]},
    ),
    "binary throughput": (
        kpi("bytes/s", "higher", "> 1 MB/s", "< 800 kB/s", "< 500 kB/s"),
        {"met": [1.1e6], "off_target": [1e6, 8e5], "warning": [7.9e5, 5e5], "critical": [4.9e5]},
    ),
    "active agents": (
        kpi("number", "higher", 200, "< 200", "< 150"),
        {"met": [200, 350], "warning": [199, 150], "critical": [149, 0]},
    ),
    "WebSocket connections": (
        kpi("number", "higher", 100, "< 100", "< 50"),
        {"met": [100], "warning": [99, 50], "critical": [49]},
    ),
    "MCP response": (
        kpi("seconds", "lower", "< 50ms", "> 100ms", "> 200ms"),
        {"met": [0.049], "off_target": [0.05, 0.1], "warning": [0.11, 0.2], "critical": [0.21]},
    ),
    "session duration": (
        kpi("seconds", "higher", "> 10m", "<= 10m", "< 5m"),
        {"met": [601], "warning": [600, 300], "critical": [299]},
    ),
    "frame rate": (
        kpi("/s", "higher", "60/s", "< 60/s", "< 45/s"),
        {"met": [60, 120], "warning": [59, 45], "critical": [44]},
    ),
    "data accuracy": (
        kpi("percent", "higher", "100 %", "<= 99.9 %", "< 99.5 %"),
        {"met": [100], "off_target": [99.95], "warning": [99.9, 99.5], "critical": [99.4]},
    ),
    "feature availability": (
        kpi("percent", "higher", "100 %", "<= 99 %", "< 95 %"),
        {"met": [100], "off_target": [99.5], "warning": [99, 95], "critical": [94]},
    ),
}

TABLES = {
    "HelixAgent": AGENTS,
    "Agentic Ecosystem": ECOSYSTEM,
    "Niodoo": CONSCIOUSNESS,
    "HelixFlow": INFERENCE,
    "VisionFlow": GRAPHICS,
}
CASES = [(manual, name) for manual, table in TABLES.items() for name in table]
