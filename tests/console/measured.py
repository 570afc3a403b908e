"""Samples as somebody else's platform would send them: what the manuals' dashboards ask for."""

import time
from collections.abc import Mapping

import httpx2

from opsbook.core.labels import Labels
from opsbook.state.people import Role
from tests.console.stand import Stand
from tests.metrics.remote.messages import body, series

_EACH = 15
_FOR = 1200
GAUGES: Mapping[Labels, float] = {
    series("memory_stability_ratio", layer="working"): 0.985,
    series("emotional_processing_time_ms"): 120,
    series("cpu_usage_percent"): 41,
    series("memory_usage_percent"): 63,
    series("disk_usage_percent"): 55,
    series("gpu_utilization_percent"): 30,
    series("database_connections_failed"): 0,
    series("average_processing_time_ms"): 310,
    series("consciousness_processing_time_ms"): 350,
    series("memory_retrieval_time_ms"): 42,
    series("memory_layer_distribution", layer="working"): 70,
    series("memory_layer_distribution", layer="long-term"): 900,
    series("consolidation_rate_per_hour"): 17,
    series("retrieval_success_rate"): 0.97,
    series("toroidal_coherence_score"): 0.8,
    series("toroidal_topology_coherence"): 0.7,
    series("gaussian_novelty_level"): 0.3,
    series("gaussian_sphere_count"): 12,
    series("network_throughput_mbps"): 80,
    series("thread_pool_utilization"): 0.4,
    series("cache_hit_ratio"): 0.9,
    series("up", job="visionflow"): 1,
    series("visionflow_active_agents"): 217,
    series("visionflow_websocket_connections"): 104,
    series("process_resident_memory_bytes", job="visionflow"): 512 * 1024 * 1024,
    series("visionflow_binary_protocol_compression_ratio"): 0.84,
    series("visionflow_binary_protocol_accuracy"): 100,
    series("visionflow_mcp_fetch_duration_seconds"): 0.02,
    series("visionflow_gpu_processing_duration_seconds"): 0.004,
    series("visionflow_binary_encoding_duration_seconds"): 0.001,
    series("visionflow_communication_intensity_histogram", le="0.5"): 3,
    series("visionflow_communication_intensity_histogram", le="+Inf"): 8,
}
"""Metric → value, the same all the time."""
COUNTERS: Mapping[Labels, float] = {
    series("consciousness_events_total"): 12,
    series("timeout_occurrences"): 0.1,
    series("circuit_breaker_activations"): 0.05,
    series("node_disk_read_bytes_total", device="sda"): 2e6,
    series("node_disk_written_bytes_total", device="sda"): 1e6,
    series("visionflow_processing_duration_seconds_sum"): 0.4,
    series("visionflow_processing_duration_seconds_count"): 100,
    series("visionflow_binary_bytes_transmitted"): 1.2e6,
    series("visionflow_errors_total"): 0.01,
    series("visionflow_websocket_disconnections"): 0.02,
    series("process_cpu_seconds_total", job="visionflow"): 0.3,
}
"""Metric → how much more it is each second."""


def send_past(stand: Stand) -> None:
    """What was measured in the last minutes."""
    now = int(time.time()) // _EACH * _EACH
    ages = range(_FOR, -1, -_EACH)
    gauges = {
        labels: [((now - age) * 1000, value) for age in ages] for labels, value in GAUGES.items()
    }
    counters = {
        labels: [((now - age) * 1000, more * (_FOR - age)) for age in ages]
        for labels, more in COUNTERS.items()
    }
    _send(stand, body(gauges | counters))


def send(stand: Stand, labels: Labels, value: float) -> None:
    """One sample of this moment."""
    _send(stand, body({labels: [(int(time.time() * 1000), value)]}))


def asked(stand: Stand, expression: str) -> list[tuple[dict[str, str], float]]:
    """What the API says at this moment: labels and value of each series."""
    answer = httpx2.get(
        f"{stand.address}/api/v1/query", params={"query": expression}, trust_env=False
    )
    found = answer.raise_for_status().json()["data"]["result"]
    return [(each["metric"], float(each["value"][1])) for each in found]


def _send(stand: Stand, content: bytes) -> None:
    answer = httpx2.post(
        f"{stand.address}/api/v1/write",
        content=content,
        headers={
            "Authorization": f"Bearer {stand.tokens[Role.ADMIN]}",
            "Content-Type": "application/x-protobuf",
            "Content-Encoding": "snappy",
            "X-Prometheus-Remote-Write-Version": "0.1.0",
        },
        trust_env=False,
    )
    answer.raise_for_status()
