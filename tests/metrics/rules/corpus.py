"""Rule files that Prometheus takes, and files that it refuses."""


def one_rule(rule: str) -> str:
    return f"groups:\n- name: a\n  rules:\n  - {rule}\n"


def one_group(settings: str) -> str:
    return f"groups:\n- name: a\n  {settings}\n  rules: []\n"


GOOD = {
    "empty file": "",
    "only a comment": "# none yet\n",
    "no groups": "groups: []\n",
    "null groups": "groups:\n",
    "null rules": "groups:\n- name: a\n  rules:\n",
    "a recording rule": one_rule("{record: 'job:up:sum', expr: sum by (job) (up)}"),
    "an alerting rule": one_rule(
        "{alert: Down, expr: up == 0, for: 5m, keep_firing_for: 1h, labels: {severity: page},"
        ' annotations: {summary: "{{ $labels.job }} is down", value: "{{ $value }}"}}'
    ),
    "a number as expression": one_rule("{record: one, expr: 1}"),
    "a matrix as expression": one_rule("{record: m, expr: 'up[5m]'}"),
    "labels that YAML takes for something else": one_rule(
        "{record: x, expr: up, labels: {version: 1.10, on: yes, off: true, at: 2026-01-01, e: }}"
    ),
    "for: 0 in a recording rule": one_rule("{record: x, expr: up, for: 0s}"),
    "null for": one_rule("{record: x, expr: up, for: }"),
    "interval of several units": one_group("interval: 1h30m15s500ms"),
    "interval 0": one_group("interval: 0"),
    "interval in years": one_group("interval: 1y2w"),
    "limit": one_group("limit: 10"),
    "negative limit": one_group("limit: -1"),
    "limit that is whole": one_group("limit: 1.0"),
    "duplicate rules": (
        "groups:\n- name: a\n  rules:\n  - {record: x, expr: up}\n  - {record: x, expr: up}\n"
    ),
    "the same alert twice with other labels": (
        "groups:\n- name: a\n  rules:\n"
        "  - {alert: X, expr: up > 1, labels: {s: a}}\n  - {alert: X, expr: up, labels: {s: b}}\n"
    ),
    "several groups": "groups:\n- {name: a, rules: []}\n- {name: b, rules: []}\n",
    "anchors": (
        "groups:\n- name: a\n  rules:\n  - &first {record: x, expr: &e up, labels: &l {a: b}}\n"
        "  - <<: *first\n    record: y\n  - {record: z, expr: *e, labels: *l}\n"
    ),
    "a block of text": "groups:\n- name: a\n  rules:\n  - record: x\n    expr: |\n      sum(\n"
    "        up  # those that answer\n      )\n",
    "a folded text": "groups:\n- name: a\n  rules:\n  - record: x\n    expr: >-\n      sum(up)\n"
    "      / count(up)\n",
    "quoted keys": '"groups":\n- "name": "a"\n  "rules":\n  - {"record": "x", "expr": "up"}\n',
    "JSON": '{"groups": [{"name": "a", "rules": [{"record": "x", "expr": "up"}]}]}',
    "number as a group's name": "groups:\n- name: 5\n  rules: []\n",
}

BAD = {
    "a text": "hello\n",
    "a list": "- name: a\n",
    "not YAML": "groups: [\n",
    "tab as indentation": "groups:\n\t- name: a\n",
    "unknown key at the top": "groups: []\nrules: []\n",
    "unknown key in a group": one_group("intervall: 1m"),
    "unknown key in a rule": one_rule("{record: x, expr: up, lable: {a: b}}"),
    "duplicate key": one_rule("{record: x, record: y, expr: up}"),
    "group without a name": "groups:\n- rules: []\n",
    "empty name": "groups:\n- name: ''\n  rules: []\n",
    "two groups of one name": "groups:\n- {name: a, rules: []}\n- {name: a, rules: []}\n",
    "rules that are no list": "groups:\n- name: a\n  rules: {}\n",
    "a rule that is a text": one_rule("up"),
    "neither record nor alert": one_rule("{expr: up}"),
    "both record and alert": one_rule("{record: x, alert: y, expr: up}"),
    "no expression": one_rule("{record: x}"),
    "empty expression": one_rule("{record: x, expr: ''}"),
    "expression of blanks": one_rule("{record: x, expr: ' '}"),
    "expression that is only a comment": one_rule("{record: x, expr: '# up'}"),
    "open parenthesis": one_rule("{record: x, expr: sum(up}"),
    "wrong argument": one_rule("{record: x, expr: rate(up)}"),
    "unknown function": one_rule("{record: x, expr: nosuch(up)}"),
    "too few arguments": one_rule('{record: x, expr: \'label_replace(up, "a", "b")\'}'),
    "regular expression that is none": one_rule("{record: x, expr: 'up{a=~\"(\"}'}"),
    "empty selector": one_rule("{record: x, expr: '{}'}"),
    "expression that is a list": one_rule("{record: x, expr: [up]}"),
    "braces in the record": one_rule("{record: 'x{a=\"b\"}', expr: up}"),
    "for in a recording rule": one_rule("{record: x, expr: up, for: 5m}"),
    "keep_firing_for in a recording rule": one_rule("{record: x, expr: up, keep_firing_for: 5m}"),
    "annotations in a recording rule": one_rule("{record: x, expr: up, annotations: {a: b}}"),
    "name as a label": one_rule("{record: x, expr: up, labels: {__name__: y}}"),
    "empty label name": one_rule("{record: x, expr: up, labels: {'': y}}"),
    "empty annotation name": one_rule("{alert: x, expr: up, annotations: {'': y}}"),
    "labels that are a list": one_rule("{record: x, expr: up, labels: [a]}"),
    "label that is a list": one_rule("{record: x, expr: up, labels: {a: [b]}}"),
    "duration without a unit": one_rule("{alert: x, expr: up, for: 5}"),
    "duration in an unknown unit": one_group("interval: 5min"),
    "fraction of a duration": one_group("interval: 1.5m"),
    "duration in the wrong order": one_group("interval: 5s1m"),
    "negative duration": one_group("interval: -5m"),
    "empty duration": one_group("interval: ''"),
    "duration that is too long": one_group("interval: 300y"),
    "duration with blanks": one_group("interval: 1h 30m"),
    "limit in quotes": one_group('limit: "5"'),
    "text as limit": one_group("limit: many"),
    "alias that names nothing": one_rule("{record: x, expr: *none}"),
}

DROPPED_SILENTLY = {
    "null group": "groups:\n-\n",
    "null rule": "groups:\n- name: a\n  rules:\n  -\n",
    "fraction of a limit": one_group("limit: 1.5"),
    "second document": "groups: []\n---\ngroups: [{name: a, rules: [{record: x, expr: up}]}]\n",
}
"""Files of which Prometheus takes a part and does not say that it leaves the rest."""

OF_PROMETHEUS_3 = {
    "labels of a group": one_group("labels: {team: a}"),
    "query_offset": one_group("query_offset: 30s"),
    "UTF-8 in the record": one_rule("{record: my.metric, expr: up}"),
    "UTF-8 in a label's name": one_rule("{record: x, expr: up, labels: {my.label: y}}"),
}
"""Files that version 2 refuses."""

TEMPLATES = {
    "unknown variable": one_rule('{alert: x, expr: up, annotations: {a: "{{ $nope }}"}}'),
    "open action": one_rule('{alert: x, expr: up, annotations: {a: "{{ $value "}}'),
}
"""Files that Prometheus refuses for their templates, which are another room's to read."""
