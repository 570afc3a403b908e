"""Relabelling rules with labels to try them on; what comes of them is Prometheus' to say."""

from typing import Any

Rules = list[dict[str, Any]]

LABELS = {
    "env": "prod",
    "Mixed": "CamelCase-9",
    "empty": "",
    "__meta_region": "eu-west",
    "__meta_zone_": "z1",
    "lang": "Straße ΑΣ İ ŉ ᾳ ﬁ ǆ",
    "same": "10.0.0.1:9100",
}
"""Of every target, beside its address 10.0.0.1:9100."""

RULES: dict[str, Rules] = {
    "nothing": [],
    "replace a label": [{"source_labels": ["env"], "target_label": "stage"}],
    "replace with groups": [
        {
            "source_labels": ["env", "__meta_region"],
            "regex": "(.*);(.*)-(.*)",
            "target_label": "place",
            "replacement": "$3/${2}_$1",
        }
    ],
    "replace without a match": [
        {"source_labels": ["env"], "regex": "pro", "target_label": "env", "replacement": "x"}
    ],
    "replace by nothing": [{"target_label": "env", "replacement": ""}],
    "replace with a constant": [{"target_label": "const", "replacement": "c"}],
    "replace where the source is empty": [
        {"source_labels": ["none"], "target_label": "env", "replacement": "$1"}
    ],
    "replace where only the empty text matches": [
        {"source_labels": ["none"], "regex": None, "target_label": "was", "replacement": "empty"}
    ],
    "replace into a name from a group": [
        {
            "source_labels": ["env"],
            "regex": "(.*)",
            "target_label": "${1}_name",
            "replacement": "v",
        }
    ],
    "replace into no name at all": [
        {"source_labels": ["none"], "target_label": "$1", "replacement": "v"}
    ],
    "replace with a named group": [
        {
            "source_labels": ["__address__"],
            "regex": "(?P<host>[^:]+):(?P<port>.+)",
            "target_label": "host",
            "replacement": "$host on ${port}",
        }
    ],
    "replace with a group that did not take part": [
        {
            "source_labels": ["env"],
            "regex": "(prod)|(x)",
            "target_label": "t",
            "replacement": "a$2b",
        }
    ],
    "replace with signs that are no group": [
        {
            "source_labels": ["env"],
            "regex": "(.*)",
            "target_label": "t",
            "replacement": "$ $$1 ${1 $1x ${1}x $9 ${}",
        }
    ],
    "another separator": [
        {"source_labels": ["env", "Mixed"], "separator": "--", "target_label": "t"}
    ],
    "no separator": [{"source_labels": ["env", "Mixed"], "separator": "", "target_label": "t"}],
    "numbers as texts": [{"target_label": "version", "replacement": 10}],
    "keep a match": [{"source_labels": ["env"], "regex": "prod|test", "action": "keep"}],
    "keep no part of a match": [{"source_labels": ["env"], "regex": "pro", "action": "keep"}],
    "keep without a source": [{"regex": "", "action": "keep"}],
    "drop a match": [{"source_labels": ["env"], "regex": "p.*", "action": "drop"}],
    "drop no part of a match": [{"source_labels": ["env"], "regex": "rod", "action": "drop"}],
    "drop in capitals": [{"source_labels": ["env"], "regex": "p.*", "action": "DROP"}],
    "keepequal": [
        {"source_labels": ["__address__"], "target_label": "same", "action": "keepequal"}
    ],
    "keepequal, unequal": [
        {"source_labels": ["__address__"], "target_label": "env", "action": "keepequal"}
    ],
    "dropequal": [
        {"source_labels": ["__address__"], "target_label": "same", "action": "dropequal"}
    ],
    "dropequal, both missing": [
        {"source_labels": ["none"], "target_label": "neither", "action": "dropequal"}
    ],
    "hashmod": [
        {
            "source_labels": ["__address__", "env"],
            "modulus": 1000,
            "target_label": "shard",
            "action": "hashmod",
        }
    ],
    "hashmod of nothing": [{"modulus": 7, "target_label": "shard", "action": "hashmod"}],
    "hashmod of a large number": [
        {
            "source_labels": ["lang"],
            "modulus": 18446744073709551615,
            "target_label": "shard",
            "action": "hashmod",
        }
    ],
    "a shard is kept": [
        {
            "source_labels": ["__address__"],
            "modulus": 2,
            "target_label": "__tmp_shard",
            "action": "hashmod",
        },
        {"source_labels": ["__tmp_shard"], "regex": "1", "action": "keep"},
    ],
    "labelmap": [{"regex": "__meta_(.+)", "action": "labelmap"}],
    "labelmap with a replacement": [
        {"regex": "__meta_(.+)", "replacement": "cloud_$1", "action": "labelmap"}
    ],
    "labelmap of what was mapped": [
        {"regex": "(env)", "replacement": "x_$1", "action": "labelmap"},
        {"regex": "x_(.*)", "replacement": "y_$1", "action": "labelmap"},
    ],
    "labeldrop": [{"regex": "env|Mix.*", "action": "labeldrop"}],
    "labeldrop of everything that is shown": [{"regex": "[a-zA-Z].*", "action": "labeldrop"}],
    "labelkeep": [{"regex": "__.*|env|job", "action": "labelkeep"}],
    "lowercase": [{"source_labels": ["Mixed"], "target_label": "low", "action": "lowercase"}],
    "uppercase": [{"source_labels": ["Mixed", "env"], "target_label": "up", "action": "uppercase"}],
    "lowercase of other letters": [
        {"source_labels": ["lang"], "target_label": "low", "action": "lowercase"}
    ],
    "uppercase of other letters": [
        {"source_labels": ["lang"], "target_label": "up", "action": "Uppercase"}
    ],
    "another job": [{"target_label": "job", "replacement": "renamed"}],
    "another instance": [
        {"source_labels": ["__address__"], "regex": "(.*):.*", "target_label": "instance"}
    ],
    "no job": [{"regex": "job", "action": "labeldrop"}],
    "a blackbox": [
        {"source_labels": ["__address__"], "target_label": "__param_target"},
        {"source_labels": ["__param_target"], "target_label": "instance"},
        {"target_label": "__address__", "replacement": "127.0.0.1:9115"},
        {"target_label": "__metrics_path__", "replacement": "probe me/ü?(x)%;"},
    ],
    "another scheme": [{"target_label": "__scheme__", "replacement": "https"}],
    "an address without a port": [{"target_label": "__address__", "replacement": "node-1.local"}],
    "an address of IPv6": [{"target_label": "__address__", "replacement": "[::1]:80a"}],
    "a path that is gone": [{"regex": "__metrics_path__", "action": "labeldrop"}],
    "other times": [
        {"target_label": "__scrape_interval__", "replacement": "2h30m"},
        {"target_label": "__scrape_timeout__", "replacement": "1m500ms"},
    ],
    "labels that stay inside": [{"target_label": "__tmp_x", "replacement": "y"}],
    "no address": [{"target_label": "__address__", "replacement": ""}],
    "a URL as the address": [{"target_label": "__address__", "replacement": "http://x"}],
    "an interval of 0": [{"target_label": "__scrape_interval__", "replacement": "0s"}],
    "an interval that is none": [{"target_label": "__scrape_interval__", "replacement": "often"}],
    "a timeout above the interval": [{"target_label": "__scrape_timeout__", "replacement": "2h"}],
}
"""Every action, and what Prometheus makes of its own labels afterwards."""
